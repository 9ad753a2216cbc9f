//! The client's records for sales of the till, made in the simulated NetSuite and read back there.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use tempfile::TempDir;
use tillbridge::app;
use tillbridge::clock::Clock;
use tillbridge::config::{Config, Environment};
use tillbridge::domain::bookings::{
    Application, ChangedLine, DepositApplicationRequest, DepositRequest, ErpCustomerRequest, LineTax, OrderChange, Place, RecordLine,
    RecordRequest, RefundRequest, TransformLine, TransformRequest,
};
use tillbridge::domain::failure::FailureClass;
use tillbridge::domain::ids::RecordId;
use tillbridge::domain::record::RecordKind;
use tillbridge::domain::requests::{BillLine, BillRequest, FulfilmentLine, FulfilmentRequest};
use tillbridge::domain::verdict::Reason;
use tillbridge::engine::Side;
use tillbridge::netsuite::Client;
use tillbridge::sandbox::config::DEFAULT_PRIVATE_KEY_PEM;
use tillbridge::sandbox::{Sandbox, SandboxConfig};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

struct Books {
    sandbox: Sandbox,
    side: Arc<Side>,
    _folder: TempDir,
}

impl Books {
    async fn open() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default(), Clock::System).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("netsuite.pem"), DEFAULT_PRIVATE_KEY_PEM).unwrap();
        let text = include_str!("both_systems.toml")
            .replace("{database}", &folder.path().join("tillbridge.db").display().to_string())
            .replace("{account}", &SandboxConfig::default().netsuite.account_id)
            .replace("{netsuite}", &sandbox.netsuite_url())
            .replace("{x_series}", &sandbox.x_series_url());
        let config = Config::parse(&text, &folder.path().join("tillbridge.toml"), &Environment::new()).unwrap();
        let store = app::open_store(&config, Clock::System, true).await.unwrap();
        let side = app::side(&config, &config.connections[0], &store, &Clock::System).unwrap();
        Self { sandbox, side, _folder: folder }
    }

    fn client(&self) -> &Client {
        &self.side.netsuite
    }

    fn item(&self, sku: &str) -> String {
        self.sandbox.netsuite().item(sku).unwrap().id.to_string()
    }

    fn customer(&self) -> String {
        self.sandbox.netsuite().customer("aroha.ngata@example.com").unwrap().id.to_string()
    }

    fn line(&self, key: &str, sku: &str, quantity: Decimal, rate: Decimal) -> RecordLine {
        RecordLine {
            product: None,
            bin: None,
            key: key.to_owned(),
            item: self.item(sku),
            quantity: Some(quantity),
            rate,
            amount: quantity * rate,
            description: Some(sku.to_owned()),
            inventory: vec![],
            received: vec![],
            tax: None,
        }
    }

    fn record(&self, record: RecordKind, external_id: &str, lines: Vec<RecordLine>) -> RecordRequest {
        RecordRequest {
            witness: None,
            record,
            external_id: external_id.to_owned(),
            customer: self.customer(),
            date: Some(self.sandbox.netsuite().today()),
            reference: Some("R-1042".to_owned()),
            memo: Some("Sold at the till".to_owned()),
            place: Place { location: Some("1".to_owned()), ..Place::default() },
            payment_method: Some("1".to_owned()),
            account: Some("1".to_owned()),
            custom: BTreeMap::new(),
            lines,
            tax_override: false,
            apply: vec![],
        }
    }

    /// A sales order of two mugs at ten, without tax.
    async fn order(&self, key: &str) -> RecordId {
        let lines = vec![self.line("l1", "MUG-ENAMEL", dec("2"), dec("10"))];
        self.client().book(&self.record(RecordKind::SalesOrder, key, lines)).await.unwrap()
    }

    async fn fulfil(&self, order: &RecordId) {
        let line = FulfilmentLine {
            order_line: self.first_line(order).await,
            quantity: Some(dec("2")),
            location: Some("1".to_owned()),
            inventory: vec![],
        };
        let request =
            FulfilmentRequest { order: order.clone(), external_id: format!("tb-if-{order}"), date: None, memo: None, lines: vec![line] };
        self.client().fulfil(&request).await.unwrap();
    }

    async fn first_line(&self, order: &RecordId) -> i64 {
        self.client().sales_order(order).await.unwrap().unwrap().lines[0].line
    }

    async fn bill_request(&self, order: &RecordId) -> BillRequest {
        BillRequest {
            witness: None,
            order: order.clone(),
            external_id: format!("tb-bill-{order}"),
            date: None,
            memo: None,
            lines: vec![BillLine { order_line: self.first_line(order).await, quantity: dec("2") }],
            payment_method: Some("1".to_owned()),
            account: None,
        }
    }

    async fn total(&self, kind: RecordKind, id: &RecordId) -> (Decimal, Decimal, Option<Decimal>) {
        let bill = self.client().bill(kind, id).await.unwrap().unwrap();
        (bill.total.unwrap(), bill.tax_total.unwrap(), bill.remaining)
    }
}

fn refused(reason: Reason) -> FailureClass {
    FailureClass::Refused(reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cash_sale_is_made_once_found_by_its_key_and_read_back() {
    let books = Books::open().await;
    let request = books.record(RecordKind::CashSale, "tb-cs-1", vec![books.line("l1", "MUG-ENAMEL", dec("2"), dec("10"))]);
    let made = books.client().book(&request).await.unwrap();
    assert_eq!(books.client().find(RecordKind::CashSale, "tb-cs-1").await.unwrap(), Some(made.clone()));
    assert_eq!(books.client().book(&request).await.unwrap_err().class(true), FailureClass::Duplicate);
    let keys = ["tb-cs-1", "tb-so-1"].map(str::to_owned);
    let booked = books.client().booked(&keys).await.unwrap();
    assert_eq!(booked.iter().map(|record| (record.kind, &record.id)).collect::<Vec<_>>(), [(RecordKind::CashSale, &made)]);
    let bill = books.client().bill(RecordKind::CashSale, &made).await.unwrap().unwrap();
    assert_eq!((bill.total, bill.tax_total, bill.payment_method.as_deref()), (Some(dec("23")), Some(dec("3")), Some("1")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tills_tax_is_taken_to_the_cent_or_refused_as_such() {
    let books = Books::open().await;
    let codes = books.client().tax_codes().await.unwrap();
    let code = codes.iter().find(|code| code.name == "GST:S-NZ").unwrap();
    assert!(code.tax_type.is_some(), "{code:?}");
    let tax = LineTax { code: code.id.clone(), tax_type: code.tax_type.clone(), rate: dec("15"), basis: dec("20"), amount: dec("3.01") };
    let lines = vec![RecordLine { tax: Some(tax), ..books.line("l1", "MUG-ENAMEL", dec("2"), dec("10")) }];
    let request = RecordRequest { tax_override: true, ..books.record(RecordKind::Invoice, "tb-inv-1", lines) };
    let made = books.client().book(&request).await.unwrap();
    assert_eq!(books.total(RecordKind::Invoice, &made).await, (dec("23.01"), dec("3.01"), Some(dec("23.01"))));
    books.sandbox.netsuite().set_preferences(|preferences| preferences.suite_tax = false);
    let again = RecordRequest { external_id: "tb-inv-2".to_owned(), ..request };
    assert_eq!(books.client().book(&again).await.unwrap_err().class(true), refused(Reason::TaxOverride));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_pays_an_invoice_and_the_rest_is_given_back() {
    let books = Books::open().await;
    let invoice = books.record(RecordKind::Invoice, "tb-inv-1", vec![books.line("l1", "MUG-ENAMEL", dec("1"), dec("10"))]);
    let invoice = books.client().book(&invoice).await.unwrap();
    let apply = vec![Application { record: invoice.clone(), amount: dec("11.50") }];
    let credit = books.record(RecordKind::CreditMemo, "tb-cm-1", vec![books.line("l1", "MUG-ENAMEL", dec("2"), dec("10"))]);
    let memo = books.client().book(&RecordRequest { apply, ..credit }).await.unwrap();
    assert_eq!(books.total(RecordKind::Invoice, &invoice).await.2, Some(dec("0")));
    assert_eq!(books.total(RecordKind::CreditMemo, &memo).await, (dec("23"), dec("3"), Some(dec("11.50"))));
    let refund = RefundRequest {
        deposits: vec![],
        tender: None,
        external_id: "tb-ref-1".to_owned(),
        customer: books.customer(),
        apply: Some(Application { record: memo.clone(), amount: dec("11.50") }),
        date: None,
        payment_method: Some("1".to_owned()),
        account: Some("1".to_owned()),
        memo: None,
    };
    let too_much = RefundRequest {
        apply: Some(Application { record: memo.clone(), amount: dec("12") }),
        external_id: "tb-ref-2".to_owned(),
        ..refund.clone()
    };
    assert_eq!(books.client().refund(&too_much).await.unwrap_err().class(true), refused(Reason::TotalsDiffer));
    let made = books.client().refund(&refund).await.unwrap();
    assert_eq!(books.client().find(RecordKind::CustomerRefund, "tb-ref-1").await.unwrap(), Some(made));
    assert_eq!(books.total(RecordKind::CreditMemo, &memo).await.2, Some(dec("0")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_follows_its_sale_and_its_deposit_pays_its_invoice() {
    let books = Books::open().await;
    books.sandbox.netsuite().set_preferences(|preferences| preferences.apply_deposits = false);
    let order = books.order("tb-so-1").await;
    assert_eq!(books.sandbox.netsuite().status(order.as_str().parse().unwrap()), Some('B'), "approved");
    let line = books.first_line(&order).await;
    let change = OrderChange {
        order: order.clone(),
        added: vec![books.line("l2", "GIFT-WRAP", dec("1"), dec("4"))],
        location: Some("1".to_owned()),
        changed: vec![ChangedLine { line, key: "l1".to_owned(), quantity: dec("3"), rate: dec("10"), amount: dec("30") }],
        closed: vec![],
        taxes: vec![],
    };
    books.client().change_order(&change).await.unwrap();
    let changed = books.client().sales_order(&order).await.unwrap().unwrap();
    assert_eq!((changed.lines.len(), changed.lines[0].quantity, changed.total), (2, dec("3"), Some(dec("39.10"))));
    let undone = OrderChange {
        added: vec![],
        changed: vec![ChangedLine { line, key: "l1".to_owned(), quantity: dec("2"), rate: dec("10"), amount: dec("20") }],
        closed: vec![changed.lines[1].line],
        ..change
    };
    books.client().change_order(&undone).await.unwrap();
    assert!(books.client().sales_order(&order).await.unwrap().unwrap().lines[1].closed);

    let deposit = DepositRequest {
        tender: None,
        external_id: "tb-dep-1".to_owned(),
        order: order.clone(),
        customer: books.customer(),
        amount: dec("23"),
        date: None,
        payment_method: Some("1".to_owned()),
        account: None,
        memo: Some("Layby".to_owned()),
    };
    let instalment = DepositRequest { external_id: "tb-dep-2".to_owned(), amount: dec("10"), ..deposit.clone() };
    let deposit = books.client().deposit(&deposit).await.unwrap();
    // What is given back of one instalment lowers what it has open.
    let instalment = books.client().deposit(&instalment).await.unwrap();
    let refund = RefundRequest {
        external_id: "tb-ref-1".to_owned(),
        customer: books.customer(),
        apply: None,
        deposits: vec![Application { record: instalment.clone(), amount: dec("10") }],
        date: None,
        payment_method: Some("1".to_owned()),
        account: Some("1".to_owned()),
        memo: None,
        tender: None,
    };
    let made = books.client().refund(&refund).await.unwrap();
    assert_eq!(books.client().find(RecordKind::CustomerRefund, "tb-ref-1").await.unwrap(), Some(made));
    let money = books.client().money_of(&[deposit.clone(), instalment, RecordId::from("999999")]).await.unwrap();
    let money = money.iter().map(|money| (money.amount, money.unused, money.payment_method.as_deref())).collect::<Vec<_>>();
    assert_eq!(money, [(Some(dec("23")), Some(dec("23")), Some("1")), (Some(dec("10")), Some(dec("0")), Some("1"))]);
    books.fulfil(&order).await;
    let request = books.bill_request(&order).await;
    let invoice = books.client().invoice(&request).await.unwrap();
    let application = DepositApplicationRequest {
        external_id: "tb-da-1".to_owned(),
        deposit,
        apply: Application { record: invoice.clone(), amount: dec("23") },
        date: None,
    };
    let made = books.client().apply_deposit(&application).await.unwrap();
    assert_eq!(books.client().find(RecordKind::DepositApplication, "tb-da-1").await.unwrap(), Some(made));
    assert_eq!(books.total(RecordKind::Invoice, &invoice).await, (dec("23"), dec("3"), Some(dec("0"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goods_come_back_by_authorisation_receipt_and_refund() {
    let books = Books::open().await;
    let order = books.order("tb-so-1").await;
    books.fulfil(&order).await;
    let request = books.bill_request(&order).await;
    books.client().invoice(&request).await.unwrap();
    let lines = |order_line, location: Option<&str>| {
        vec![TransformLine { order_line, quantity: dec("1"), location: location.map(str::to_owned), received: vec![], bin: None }]
    };
    let request = TransformRequest {
        witness: None,
        from: RecordKind::SalesOrder,
        source: order.clone(),
        record: RecordKind::ReturnAuthorization,
        external_id: "tb-ra-1".to_owned(),
        date: None,
        memo: Some("Came back".to_owned()),
        lines: lines(books.first_line(&order).await, None),
        payment_method: Some("1".to_owned()),
        account: Some("1".to_owned()),
        apply: vec![],
    };
    let authorization = books.client().transform_record(&request).await.unwrap();
    let authorized = books.client().return_authorization(&authorization).await.unwrap();
    assert_eq!((authorized.lines.len(), authorized.lines[0].quantity, authorized.lines[0].fulfilled), (1, dec("1"), dec("0")));
    let onward = |record, key: &str, location| TransformRequest {
        from: RecordKind::ReturnAuthorization,
        source: authorization.clone(),
        record,
        external_id: key.to_owned(),
        lines: lines(authorized.lines[0].line, location),
        ..request.clone()
    };
    let early = books.client().transform_record(&onward(RecordKind::CashRefund, "tb-cr-0", None)).await.unwrap_err();
    assert_eq!(early.class(true), refused(Reason::CannotTransform), "nothing came back yet");
    let before = books.sandbox.netsuite().stock("MUG-ENAMEL", "Ponsonby").unwrap();
    books.client().transform_record(&onward(RecordKind::ItemReceipt, "tb-rcpt-1", Some("1"))).await.unwrap();
    assert_eq!(books.sandbox.netsuite().stock("MUG-ENAMEL", "Ponsonby").unwrap(), before + dec("1"));
    assert_eq!(books.client().return_authorization(&authorization).await.unwrap().lines[0].fulfilled, dec("1"));
    let refund = books.client().transform_record(&onward(RecordKind::CashRefund, "tb-cr-1", None)).await.unwrap();
    assert_eq!(books.total(RecordKind::CashRefund, &refund).await.0, dec("11.50"));
    let children = books.client().children(&order).await.unwrap();
    assert!(children.iter().any(|child| child.id == authorization && child.external_id.as_deref() == Some("tb-ra-1")), "{children:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_made_once_and_found_by_key_mail_and_name() {
    let books = Books::open().await;
    let request = ErpCustomerRequest {
        external_id: "tb-cust-1".to_owned(),
        x_series_id: "c1".to_owned(),
        company_name: None,
        first_name: Some("Nia".to_owned()),
        last_name: Some("Moana".to_owned()),
        email: Some("nia@example.com".to_owned()),
        phone: None,
        subsidiary: Some("1".to_owned()),
    };
    let made = books.client().create_customer(&request).await.unwrap();
    let found = books.client().customer_by_key("tb-cust-1").await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.first_name.as_deref()), (made.as_str(), Some("Nia")));
    assert_eq!(books.client().customers_by_email("NIA@example.com").await.unwrap(), std::slice::from_ref(&found));
    assert_eq!(books.client().customers_named(found.number.as_deref().unwrap()).await.unwrap(), [found]);
    assert_eq!(books.client().create_customer(&request).await.unwrap_err().class(true), FailureClass::Duplicate);
    let namesake = ErpCustomerRequest { external_id: "tb-cust-2".to_owned(), ..request };
    assert_eq!(books.client().create_customer(&namesake).await.unwrap_err().class(true), FailureClass::Duplicate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_netsuite_does_not_take_is_told_for_what_it_is() {
    let books = Books::open().await;
    let netsuite = books.sandbox.netsuite();
    let kit = books.record(RecordKind::CashSale, "tb-cs-1", vec![books.line("l1", "KIT-SAFETY", dec("1"), dec("10"))]);
    assert_eq!(books.client().book(&kit).await.unwrap_err().class(true), refused(Reason::InventoryDetailMissing));
    let watch = books.record(RecordKind::CashSale, "tb-cs-2", vec![books.line("l1", "GPS-WATCH", dec("1"), dec("10"))]);
    assert_eq!(books.client().book(&watch).await.unwrap_err().class(true), refused(Reason::InventoryDetailMissing));
    netsuite.set_period_closed(netsuite.today(), true);
    let mug = books.record(RecordKind::CashSale, "tb-cs-3", vec![books.line("l1", "MUG-ENAMEL", dec("1"), dec("10"))]);
    assert_eq!(books.client().book(&mug).await.unwrap_err().class(true), refused(Reason::PeriodClosed));
    let day = netsuite.today();
    let periods = books.client().periods().await.unwrap();
    let closed = periods.iter().filter(|period| period.closed).collect::<Vec<_>>();
    assert!(closed.len() == 1 && closed[0].start <= day && day <= closed[0].end, "{closed:?}");
}
