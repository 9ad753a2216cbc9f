//! Which keys there are: each section is read here, with the checks that its keys fit each other.

use std::time::Duration;

use super::reader::Reader;
use super::sections::{Config, Database, Keep, Log, LogFormat, Net, Poll, Retry, Server, Worker};
use super::{connections, values};

type Table<'r, 't, 'c> = &'r mut Reader<'t, 'c>;

/// Handled events tell duplicates, and a sender may repeat itself for two days; a third is for safety.
const SHORTEST_MEMORY: Duration = Duration::from_hours(72);

const NOT_AN_ADDRESS: &str = "is not an address; write host:port, such as 127.0.0.1:8080";
pub(super) const NOT_A_WEB_ADDRESS: &str = "is not a web address; write https://host, without query";

pub(super) fn config(r: Table) -> Option<Config> {
    let server = r.section("server", server);
    let database = r.section("database", database);
    let worker = r.section("worker", worker);
    let retry = r.section("retry", retry);
    let poll = r.section("poll", poll);
    let net = r.section("net", net);
    let log = r.section("log", log);
    let keep = r.section("keep", keep);
    let reachable = server.as_ref().is_some_and(|server| server.public_url.is_some());
    let connections = connections::connections(r, reachable);
    Some(Config {
        server: server?,
        database: database?,
        worker: worker?,
        retry: retry?,
        poll: poll?,
        net: net?,
        log: log?,
        keep: keep?,
        connections: connections?,
    })
}

fn server(r: Table) -> Option<Server> {
    let listen = r.parsed("listen", NOT_AN_ADDRESS, values::host_and_port);
    let public_url = r.optional("public_url", NOT_A_WEB_ADDRESS, values::web_address);
    let metrics_listen = r.optional("metrics_listen", NOT_AN_ADDRESS, values::host_and_port);
    let drain = r.duration("drain");
    let header_timeout = r.positive("header_timeout");
    let request_timeout = r.positive("request_timeout");
    let body_limit = r.number("body_limit", &(1..=67_108_864));
    let max_connections = r.number("max_connections", &(1..=65_536));
    Some(Server {
        listen: listen?,
        public_url: public_url?,
        metrics_listen: metrics_listen?,
        drain: drain?,
        header_timeout: header_timeout?,
        request_timeout: request_timeout?,
        body_limit: body_limit?,
        max_connections: max_connections?,
    })
}

fn database(r: Table) -> Option<Database> {
    let url = r.secret_that("url", values::database_url);
    let read_connections = r.number("read_connections", &(1..=64));
    Some(Database { url: url?.expose().to_owned(), read_connections: read_connections? })
}

fn worker(r: Table) -> Option<Worker> {
    let lease = r.positive("lease");
    let connection_lease = r.positive("connection_lease");
    let orders_at_once = r.number("orders_at_once", &(1..=1000));
    let poll = r.positive("poll");
    Some(Worker { lease: lease?, connection_lease: connection_lease?, orders_at_once: orders_at_once?, poll: poll? })
}

fn retry(r: Table) -> Option<Retry> {
    let first = r.positive("first");
    let max = r.positive("max");
    let attempts = r.number("attempts", &(1..=1000));
    let recheck = r.positive("recheck");
    if let (Some(first), Some(max)) = (first, max)
        && first > max
    {
        r.problem("first", format!("{} is longer than retry.max, which is {}", values::in_words(first), values::in_words(max)));
    }
    Some(Retry { first: first?, max: max?, attempts: attempts?, recheck: recheck? })
}

fn poll(r: Table) -> Option<Poll> {
    let x_series_interval = r.positive("x_series_interval");
    let netsuite_interval = r.positive("netsuite_interval");
    let overlap = r.duration("overlap");
    let netsuite_lag = r.duration("netsuite_lag");
    let page_size = r.number("page_size", &(1..=1000));
    Some(Poll {
        x_series_interval: x_series_interval?,
        netsuite_interval: netsuite_interval?,
        overlap: overlap?,
        netsuite_lag: netsuite_lag?,
        page_size: page_size?,
    })
}

fn net(r: Table) -> Option<Net> {
    let x_series_timeout = r.positive("x_series_timeout");
    let netsuite_timeout = r.positive("netsuite_timeout");
    let debounce = r.duration("debounce");
    let permit_wait = r.duration("permit_wait");
    let reference_age = r.duration("reference_age");
    Some(Net {
        x_series_timeout: x_series_timeout?,
        netsuite_timeout: netsuite_timeout?,
        debounce: debounce?,
        permit_wait: permit_wait?,
        reference_age: reference_age?,
    })
}

fn log(r: Table) -> Option<Log> {
    let filter = r.parsed("filter", "is not a log filter; write info, or info,tillbridge::engine=debug", values::log_filter);
    let format = r.choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    Some(Log { filter: filter?, format: format? })
}

fn keep(r: Table) -> Option<Keep> {
    let events = r.positive("events");
    let passes = r.positive("passes");
    if let Some(events) = events.filter(|events| *events < SHORTEST_MEMORY) {
        let what = format!("{} is too short; duplicates are known by these events, so keep them 72h or longer", values::in_words(events));
        r.problem("events", what);
    }
    Some(Keep { events: events?, passes: passes? })
}
