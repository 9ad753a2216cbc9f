//! Everything that is not a sale: products, customers, outlets, registers, users, payment types, taxes.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::{Outcome, Refusal};
use super::retailer::{Customer, Outlet, PaymentType, Product, Register, Retailer, Tax, User};
use super::seed;
use crate::sandbox::number::{self, write};

/// What a customer may be made with.
const CUSTOMER_FIELDS: &str = "first_name last_name customer_code customer_group_id enable_loyalty email note gender date_of_birth \
    company_name do_not_email phone mobile fax twitter website physical_address_1 physical_address_2 \
    physical_suburb physical_city physical_postcode physical_state physical_country_id postal_address_1 \
    postal_address_2 postal_suburb postal_city postal_postcode postal_state postal_country_id custom_field_1 \
    custom_field_2 custom_field_3 custom_field_4 on_account_limit loyalty_email_sent";

impl Product {
    fn show(&self, tax: Option<&Tax>) -> Value {
        let with_tax = number::round(self.price * (Decimal::ONE + tax.map_or(Decimal::ZERO, |tax| tax.rate)), 5);
        json!({
            "id": self.id, "name": self.name, "variant_name": self.name, "handle": self.sku.to_lowercase(), "sku": self.sku,
            "active": self.active, "is_active": self.active, "has_inventory": self.has_inventory, "is_composite": self.composite,
            "has_variants": false, "source": "USER", "supply_price": 0, "price_excluding_tax": write(self.price),
            "price_including_tax": write(with_tax), "variant_options": [], "categories": [], "tag_ids": [], "attributes": [],
            "product_codes": [{ "type": "CUSTOM", "code": self.sku }],
            "deleted_at": self.deleted.map(|at| at.to_string()), "version": self.version,
        })
    }
}

impl Customer {
    fn show(&self) -> Value {
        json!({
            "id": self.id, "name": format!("{} {}", self.first_name, self.last_name).trim(), "first_name": self.first_name,
            "last_name": self.last_name, "customer_code": self.code, "company_name": self.company_name, "email": self.email,
            "phone": self.phone, "balance": 0, "deleted_at": null, "version": self.version,
        })
    }
}

impl Outlet {
    fn show(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "time_zone": self.time_zone, "currency": "NZD", "currency_symbol": "$",
            "display_prices": "inclusive", "physical_city": "Auckland", "physical_country_id": "NZ", "attributes": [],
            "deleted_at": null, "version": self.version,
        })
    }
}

impl Register {
    fn show(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "outlet_id": self.outlet, "ask_for_note_on_save": 1, "print_receipt": true,
            "invoice_prefix": self.prefix, "invoice_suffix": "", "invoice_sequence": self.sequence, "is_open": self.open,
            "deleted_at": null, "version": self.version,
        })
    }
}

impl User {
    fn show(&self) -> Value {
        json!({
            "id": self.id, "username": self.username, "display_name": self.display_name,
            "email": format!("{}@example.com", self.username), "account_type": self.account_type, "enabled": true,
            "restricted_outlet_ids": [], "deleted_at": null, "version": self.version,
        })
    }
}

impl PaymentType {
    fn show(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "type_id": self.type_id, "deleted_at": null, "version": self.version })
    }
}

impl Tax {
    fn show(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "display_name": self.name, "is_default": self.default, "deleted_at": null,
            "version": self.version,
            "rates": [{ "id": self.rate_id, "name": self.name, "display_name": self.name, "rate": write(self.rate) }],
        })
    }
}

impl Retailer {
    pub(super) fn show_product(&self, product: &Product) -> Value {
        product.show(self.tax(product.tax))
    }

    /// All of a kind, each with its version, or `None` where there is no such kind.
    pub(super) fn list(&self, kind: &str) -> Option<Vec<Value>> {
        Some(match kind {
            "products" => self.products.values().map(|product| self.show_product(product)).collect(),
            "customers" => self.customers.values().map(Customer::show).collect(),
            "outlets" => self.outlets.iter().map(Outlet::show).collect(),
            "registers" => self.registers.iter().map(Register::show).collect(),
            "users" => self.users.iter().map(User::show).collect(),
            "payment_types" => self.payment_types.iter().map(PaymentType::show).collect(),
            "taxes" => self.taxes.iter().map(Tax::show).collect(),
            _ => return None,
        })
    }

    /// The product that stands for a discount on a whole sale.
    pub(super) fn discount_product(&self) -> Option<&Product> {
        self.products.get(&seed::id("product", seed::DISCOUNT))
    }

    pub(super) fn show_retailer(&self) -> Value {
        let no_tax = self.taxes.iter().find(|tax| tax.rate.is_zero());
        let discount = self.discount_product();
        json!({
            "id": self.id, "name": "Sandbox", "domain_prefix": self.domain_prefix, "currency": { "code": "NZD", "symbol": "$" },
            "timezone": "Pacific/Auckland", "tax_exclusive": false, "country": "NZ", "no_tax_group_id": no_tax.map(|tax| tax.id),
            "discount_product_id": discount.map(|product| product.id), "loyalty": { "enabled": false, "ratio": 0 },
        })
    }

    /// `POST /customers`
    pub(super) fn create_customer(&mut self, body: &Value) -> Outcome<Value> {
        let fields = body.as_object().ok_or_else(|| Refusal::Malformed("a customer is a JSON object".to_owned()))?;
        let mut wrong: Vec<String> = fields
            .keys()
            .filter(|name| !CUSTOMER_FIELDS.split_whitespace().any(|known| known == *name))
            .map(|name| format!("{name}: there is no such field"))
            .collect();
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        for name in ["first_name", "last_name"] {
            if text(name).is_empty() {
                wrong.push(format!("{name} is required"));
            }
        }
        let code = text("customer_code");
        if !code.is_empty() && self.customers.values().any(|customer| customer.code == code) {
            wrong.push(format!("customer_code: {code} is in use"));
        }
        if !wrong.is_empty() {
            return Err(Refusal::Unprocessable(wrong));
        }
        let id = self.new_id();
        let code = if code.is_empty() { format!("{}-{}", text("first_name"), &id.to_string()[..4].to_uppercase()) } else { code };
        let customer = Customer {
            id,
            code,
            first_name: text("first_name"),
            last_name: text("last_name"),
            company_name: text("company_name"),
            email: text("email"),
            phone: text("phone"),
            version: self.next_version(),
        };
        let shown = customer.show();
        self.customers.insert(id, customer);
        Ok(shown)
    }

    /// `PUT /registers/{id}/actions/{open|close}`
    pub(super) fn set_register_open(&mut self, id: Uuid, open: bool) -> Outcome<Value> {
        let version = self.next_version();
        let register = self.registers.iter_mut().find(|register| register.id == id).ok_or(Refusal::NotFound("Register"))?;
        (register.open, register.version) = (open, version);
        Ok(register.show())
    }
}
