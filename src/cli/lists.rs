//! Reads from both systems what a mappings document is held against.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::time::Duration;

use super::CliError;
use crate::app;
use crate::causes::in_one_line;
use crate::clock::Clock;
use crate::config::{Config, Connection};
use crate::domain::facts::Reference;
use crate::domain::mapping::{Checked, ErpLists, Lists, Thing};
use crate::domain::sales_order::Ref;
use crate::engine::Side;
use crate::netsuite::{self, NetSuiteError};
use crate::store::Store;
use crate::xseries::{self, XSeriesError};

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lists of both systems, and why a system's are not among them.
pub(super) async fn of_connection(config: &Config, connection: &Connection, checked: &Checked) -> Result<(Lists, Vec<String>), CliError> {
    let store = Store::open(&config.database.url, 1, Clock::System).await?;
    let side = match app::side(config, connection, &store, &Clock::System) {
        Ok(side) => side,
        Err(error) => {
            store.close().await;
            return Err(error.into());
        }
    };
    let read = of_side(&side, checked).await;
    side.x_series.finish().await;
    store.close().await;
    Ok(read)
}

async fn of_side(side: &Side, checked: &Checked) -> (Lists, Vec<String>) {
    let (x_series, netsuite) = tokio::join!(
        tokio::time::timeout(PATIENCE, x_series(&side.x_series)),
        tokio::time::timeout(PATIENCE, netsuite(&side.netsuite, checked))
    );
    let mut unread = Vec::new();
    let x_series = given("X-Series", x_series, &mut unread);
    let netsuite = given("NetSuite", netsuite, &mut unread);
    (Lists { x_series, netsuite }, unread)
}

/// What was read in time, else why not.
fn given<T, E: std::error::Error>(system: &str, read: Result<Result<T, E>, impl Display>, unread: &mut Vec<String>) -> Option<T> {
    let why = match read {
        Ok(Ok(lists)) => return Some(lists),
        Ok(Err(error)) => in_one_line(&error),
        Err(_too_late) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    unread.push(format!("{system} ({why})"));
    None
}

/// What X-Series has besides sales.
pub(super) async fn x_series(client: &xseries::Client) -> Result<Reference, XSeriesError> {
    let (outlets, registers, payment_types) = tokio::try_join!(client.outlets(), client.registers(), client.payment_types())?;
    let (taxes, users, retailer) = tokio::try_join!(client.taxes(), client.users(), client.retailer())?;
    Ok(Reference { outlets, registers, payment_types, taxes, users, retailer })
}

/// What NetSuite has of the things that the document names; lists that it does not show are left out.
pub(super) async fn netsuite(client: &netsuite::Client, checked: &Checked) -> Result<ErpLists, NetSuiteError> {
    let mut lists = ErpLists::default();
    for mention in &checked.mentions {
        for thing in mention.things.iter().copied().filter(|thing| !thing.is_of_x_series()) {
            let name = &mention.name;
            match thing {
                Thing::Customer | Thing::Item => {
                    let key = (thing, name.clone());
                    if lists.looked_up.contains_key(&key) {
                        continue;
                    }
                    if let Some(ids) = shown(look_up(client, thing, name).await)? {
                        lists.looked_up.insert(key, ids);
                    }
                }
                Thing::TaxCode if lists.tax_codes.is_empty() => lists.tax_codes = client.tax_codes().await?,
                _ => entries(client, thing, &mut lists.entries).await?,
            }
        }
    }
    Ok(lists)
}

async fn entries(client: &netsuite::Client, thing: Thing, entries: &mut BTreeMap<Thing, Vec<Ref>>) -> Result<(), NetSuiteError> {
    let list = match thing {
        Thing::Location => "location",
        Thing::Subsidiary => "subsidiary",
        Thing::Department => "department",
        Thing::Class => "class",
        Thing::PaymentMethod => "paymentmethod",
        Thing::Account => "account",
        _ => return Ok(()),
    };
    if let Entry::Vacant(place) = entries.entry(thing) {
        // A list that is not shown names nothing.
        place.insert(shown(client.names_of(list).await)?.unwrap_or_default());
    }
    Ok(())
}

/// The internal ids of what has this name, number or id.
async fn look_up(client: &netsuite::Client, thing: Thing, name: &str) -> Result<Vec<String>, NetSuiteError> {
    let is_id = name.bytes().all(|byte| byte.is_ascii_digit());
    match thing {
        Thing::Customer if is_id => Ok(client.customer(&name.into()).await?.into_iter().map(|customer| customer.id).collect()),
        Thing::Customer => Ok(client.customers_named(name).await?.into_iter().map(|customer| customer.id).collect()),
        _ if is_id => Ok(client.active_items(&[name.to_owned()], "itemid").await?.into_iter().map(|item| item.id).collect()),
        _ => client.items_named(name).await,
    }
}

/// None where NetSuite refuses the list itself: the account does not have it, or the role may not see it.
fn shown<T>(answer: Result<T, NetSuiteError>) -> Result<Option<T>, NetSuiteError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error @ NetSuiteError::Refused(_)) if matches!(error.status(), Some(400 | 403 | 404)) => Ok(None),
        Err(error) => Err(error),
    }
}
