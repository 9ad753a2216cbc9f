//! The records of the account: what NetSuite keeps of each.

mod bills;
mod items;
mod money;
mod orders;
mod returns;

pub use bills::{Bill, BillKind, BillLine, TaxDetail};
pub use items::{Bin, Customer, InventoryNumber, Item, ItemKind, LedgerAccount, Location, Named, Period, PeriodLength};
pub use money::{CustomerRefund, Deposit, DepositApplication, Payment};
pub use orders::{Form, Fulfilment, FulfilmentLine, Lock, OrderLine, SalesOrder, StatusLetter};
pub use returns::{ItemReceipt, ReceiptLine, ReturnAuthorization, ReturnLine};
