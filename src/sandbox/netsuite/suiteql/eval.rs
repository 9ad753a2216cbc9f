//! Runs a query: joins its tables, filters as early as a condition can be decided, then groups, sorts and cuts.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use rust_decimal::Decimal;

use super::tables::{Row, Table};
use super::{Expr, Operator, Query, QueryError, Val, functions, visit};
use crate::sandbox::netsuite::account::Account;

/// One row of each joined table; `None` where an outer join found no partner.
type Joined<'a> = Vec<Option<Row<'a>>>;

struct Run<'a, 'q> {
    account: &'a Account,
    /// Alias and table, in the order of the joins.
    tables: Vec<(&'q str, Table)>,
    parameters: &'q [Val],
}

/// The rows of the result, in its order.
pub(super) fn rows(account: &Account, query: &Query, parameters: &[Val]) -> Result<Vec<Vec<Val>>, QueryError> {
    let mut run = Run { account, tables: Vec::new(), parameters };
    for source in &query.sources {
        run.tables.push((&source.alias, Table::named(&source.table)?));
    }
    run.check_columns(query)?;
    let joined = run.join(query)?;
    let mut rows = run.project(query, &joined)?;
    sort(query, &mut rows);
    let mut seen = HashSet::new();
    let mut result: Vec<Vec<Val>> = rows.into_iter().map(|(row, _)| row).collect();
    if query.distinct {
        result.retain(|row| seen.insert(row.iter().map(Val::text).collect::<Vec<_>>()));
    }
    result.truncate(query.first.unwrap_or(usize::MAX));
    Ok(result)
}

fn sort(query: &Query, rows: &mut [(Vec<Val>, Vec<Val>)]) {
    rows.sort_by(|(_, a), (_, b)| {
        let keys = a.iter().zip(b).zip(&query.order_by);
        keys.map(|((a, b), (_, descending))| if *descending { b.sort(a) } else { a.sort(b) })
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    });
}

impl<'a> Run<'a, '_> {
    /// Every column that is named must exist, also when no row is met.
    fn check_columns(&self, query: &Query) -> Result<(), QueryError> {
        let aliases: Vec<&str> = query.columns.iter().map(|(_, alias)| alias.as_str()).collect();
        for (expr, _) in &query.columns {
            self.check(expr)?;
        }
        for source in &query.sources {
            source.on.iter().try_for_each(|on| self.check(on))?;
        }
        query.filter.iter().chain(&query.group_by).try_for_each(|expr| self.check(expr))?;
        query.order_by.iter().try_for_each(|(expr, _)| match expr {
            Expr::Column { table: None, name } if aliases.contains(&name.as_str()) => Ok(()),
            other => self.check(other),
        })
    }

    fn check(&self, expr: &Expr) -> Result<(), QueryError> {
        let mut result = Ok(());
        visit(expr, &mut |inner| {
            if result.is_ok() {
                result = match inner {
                    Expr::Column { table, name } => self.resolve(table.as_deref(), name).map(drop),
                    Expr::Display(of) if !matches!(**of, Expr::Column { .. }) => {
                        Err(QueryError::Syntax("BUILTIN.DF takes a field".to_owned()))
                    }
                    Expr::Parameter(place) if *place >= self.parameters.len() => {
                        Err(QueryError::Syntax("there are more ? than params".to_owned()))
                    }
                    _ => Ok(()),
                };
            }
        });
        result
    }

    /// The place of the table that has the column.
    fn resolve(&self, table: Option<&str>, name: &str) -> Result<usize, QueryError> {
        // A pseudo-column of the dialect.
        if table.is_none() && name == "sysdate" {
            return Ok(0);
        }
        let has = |(_, (alias, candidate)): &(usize, &(&str, Table))| {
            table.is_none_or(|table| table == *alias) && candidate.has(self.account, name)
        };
        let found = self.tables.iter().enumerate().find(has).map(|(place, _)| place);
        found.ok_or_else(|| QueryError::Field(name.to_owned()))
    }

    fn join(&self, query: &Query) -> Result<Vec<Joined<'a>>, QueryError> {
        let mut conditions: Vec<&Expr> = query.filter.iter().flat_map(conjuncts).collect();
        let mut joined: Vec<Joined<'a>> = vec![Vec::new()];
        for (place, source) in query.sources.iter().enumerate() {
            let rows = self.tables[place].1.rows(self.account);
            let on: Vec<&Expr> = source.on.iter().flat_map(conjuncts).collect();
            let index = on.iter().find_map(|condition| self.index(condition, place, &rows).transpose()).transpose()?;
            let mut next = Vec::new();
            for left in joined {
                let candidates: Vec<usize> = match &index {
                    None => (0..rows.len()).collect(),
                    Some((key, index)) => {
                        let key = self.eval(key, &[&left])?;
                        key.text().and_then(|key| index.get(&key).cloned()).unwrap_or_default()
                    }
                };
                let before = next.len();
                for candidate in candidates {
                    let mut both = left.clone();
                    both.push(Some(rows[candidate]));
                    if self.all(&on, &both)? {
                        next.push(both);
                    }
                }
                if source.outer && next.len() == before {
                    let mut alone = left;
                    alone.push(None);
                    next.push(alone);
                }
            }
            let (now, later): (Vec<&Expr>, Vec<&Expr>) = conditions.into_iter().partition(|condition| self.reach(condition) <= place);
            conditions = later;
            joined = Vec::new();
            for row in next {
                if self.all(&now, &row)? {
                    joined.push(row);
                }
            }
        }
        Ok(joined)
    }

    /// For `new.column = bound expression`: the bound side, and the new table's rows by the column's text.
    #[expect(clippy::type_complexity, reason = "the expression and its index, used once")]
    fn index<'e>(
        &self,
        condition: &'e Expr,
        place: usize,
        rows: &[Row<'a>],
    ) -> Result<Option<(&'e Expr, HashMap<String, Vec<usize>>)>, QueryError> {
        let Expr::Binary(Operator::Equal, left, right) = condition else { return Ok(None) };
        let own = |expr: &Expr| matches!(expr, Expr::Column { table, name } if self.resolve(table.as_deref(), name) == Ok(place));
        let bound = |expr: &Expr| place > 0 && self.reach(expr) < place;
        let (column, key) = if own(left) && bound(right) {
            (left, right)
        } else if own(right) && bound(left) {
            (right, left)
        } else {
            return Ok(None);
        };
        let mut index: HashMap<String, Vec<usize>> = HashMap::new();
        let mut joined: Joined<'a> = vec![None; place];
        for (number, row) in rows.iter().enumerate() {
            joined.push(Some(*row));
            if let Some(text) = self.eval(column, &[&joined])?.text() {
                index.entry(text).or_default().push(number);
            }
            joined.pop();
        }
        Ok(Some((key, index)))
    }

    /// The last table that an expression speaks of.
    fn reach(&self, expr: &Expr) -> usize {
        let mut reach = 0;
        visit(expr, &mut |inner| {
            if let Expr::Column { table, name } = inner {
                reach = reach.max(self.resolve(table.as_deref(), name).unwrap_or(usize::MAX));
            }
        });
        reach
    }

    fn all(&self, conditions: &[&Expr], row: &Joined<'a>) -> Result<bool, QueryError> {
        for condition in conditions {
            if self.eval(condition, &[row])? != Val::Truth(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The selected values with the values that the row is sorted by.
    #[expect(clippy::type_complexity, reason = "row and sort key, used once")]
    fn project(&self, query: &Query, joined: &[Joined<'a>]) -> Result<Vec<(Vec<Val>, Vec<Val>)>, QueryError> {
        let aggregated = !query.group_by.is_empty() || query.columns.iter().any(|(expr, _)| has_aggregate(expr));
        let groups: Vec<Vec<&Joined<'a>>> = if aggregated {
            let mut groups: Vec<(Vec<Option<String>>, Vec<&Joined<'a>>)> = Vec::new();
            for row in joined {
                let mut key = Vec::new();
                for expr in &query.group_by {
                    key.push(self.eval(expr, &[row])?.text());
                }
                match groups.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, rows)) => rows.push(row),
                    None => groups.push((key, vec![row])),
                }
            }
            if groups.is_empty() && query.group_by.is_empty() {
                groups.push((Vec::new(), Vec::new()));
            }
            groups.into_iter().map(|(_, rows)| rows).collect()
        } else {
            joined.iter().map(|row| vec![row]).collect()
        };
        let mut result = Vec::new();
        for group in &groups {
            let values = query.columns.iter().map(|(expr, _)| self.eval(expr, group)).collect::<Result<Vec<_>, _>>()?;
            let mut keys = Vec::new();
            for (expr, _) in &query.order_by {
                keys.push(self.order_key(query, expr, &values, group)?);
            }
            result.push((values, keys));
        }
        Ok(result)
    }

    /// `ORDER BY` takes an alias, a column's number, or an expression.
    fn order_key(&self, query: &Query, expr: &Expr, values: &[Val], group: &[&Joined<'a>]) -> Result<Val, QueryError> {
        let selected = match expr {
            Expr::Column { table: None, name } => query.columns.iter().position(|(_, alias)| alias == name),
            Expr::Literal(Val::Number(number)) => usize::try_from(*number).ok().and_then(|number| number.checked_sub(1)),
            _ => None,
        };
        match selected.and_then(|place| values.get(place)) {
            Some(value) => Ok(value.clone()),
            None => self.eval(expr, group),
        }
    }

    fn eval(&self, expr: &Expr, rows: &[&Joined<'a>]) -> Result<Val, QueryError> {
        Ok(match expr {
            Expr::Literal(value) => value.clone(),
            Expr::Parameter(place) => self.parameters.get(*place).cloned().unwrap_or(Val::Null),
            Expr::Column { table, name } => self.column(table.as_deref(), name, rows, false)?,
            Expr::Display(of) => match &**of {
                Expr::Column { table, name } => self.column(table.as_deref(), name, rows, true)?,
                other => self.eval(other, rows)?,
            },
            Expr::Aggregate { name, of, distinct } => self.aggregate(name, of.as_deref(), *distinct, rows)?,
            Expr::Call { name, arguments } => {
                let values = arguments.iter().map(|argument| self.eval(argument, rows)).collect::<Result<Vec<_>, _>>()?;
                functions::call(name, &values)?
            }
            Expr::Binary(operator, left, right) => self.binary(*operator, left, right, rows)?,
            Expr::Negative(of) => self.eval(of, rows)?.number()?.map_or(Val::Null, |number| Val::Number(-number)),
            Expr::Not(of) => match self.eval(of, rows)? {
                Val::Truth(truth) => Val::Truth(!truth),
                _ => Val::Null,
            },
            Expr::In { value, list, negated } => {
                let value = self.eval(value, rows)?;
                let mut found = false;
                for candidate in list {
                    found |= value.compare(&self.eval(candidate, rows)?)? == Some(Ordering::Equal);
                }
                if value == Val::Null { Val::Null } else { Val::Truth(found != *negated) }
            }
            Expr::IsNull { value, negated } => {
                let value = self.eval(value, rows)?;
                Val::Truth(value.text().is_none() != *negated)
            }
            Expr::Like { value, pattern, negated } => match (self.eval(value, rows)?.text(), self.eval(pattern, rows)?.text()) {
                (Some(text), Some(pattern)) => Val::Truth(functions::like(&text, &pattern) != *negated),
                _ => Val::Null,
            },
            Expr::Between { value, low, high, negated } => {
                let value = self.eval(value, rows)?;
                match (value.compare(&self.eval(low, rows)?)?, value.compare(&self.eval(high, rows)?)?) {
                    (Some(low), Some(high)) => Val::Truth((low != Ordering::Less && high != Ordering::Greater) != *negated),
                    _ => Val::Null,
                }
            }
            Expr::Case { branches, otherwise } => {
                for (condition, value) in branches {
                    if self.eval(condition, rows)? == Val::Truth(true) {
                        return self.eval(value, rows);
                    }
                }
                otherwise.as_ref().map_or(Ok(Val::Null), |value| self.eval(value, rows))?
            }
        })
    }

    fn column(&self, table: Option<&str>, name: &str, rows: &[&Joined<'a>], display: bool) -> Result<Val, QueryError> {
        if table.is_none() && name == "sysdate" {
            return Ok(Val::Date(self.now()));
        }
        let place = self.resolve(table, name)?;
        let row = rows.first().and_then(|row| row.get(place).copied().flatten());
        Ok(row.map_or(Val::Null, |row| if display { row.display(self.account, name) } else { row.get(self.account, name) }))
    }

    fn now(&self) -> jiff::civil::DateTime {
        self.account.clock.now().to_zoned(self.account.zone.clone()).datetime()
    }

    fn binary(&self, operator: Operator, left: &Expr, right: &Expr, rows: &[&Joined<'a>]) -> Result<Val, QueryError> {
        let a = self.eval(left, rows)?;
        match (operator, &a) {
            (Operator::And, Val::Truth(false)) => return Ok(Val::Truth(false)),
            (Operator::Or, Val::Truth(true)) => return Ok(Val::Truth(true)),
            _ => {}
        }
        let b = self.eval(right, rows)?;
        let ordered = |holds: fn(Ordering) -> bool| a.compare(&b).map(|order| order.map_or(Val::Null, |order| Val::Truth(holds(order))));
        let computed = |work: fn(Decimal, Decimal) -> Option<Decimal>| -> Result<Val, QueryError> {
            Ok(match (a.number()?, b.number()?) {
                (Some(a), Some(b)) => Val::Number(work(a, b).ok_or_else(|| QueryError::Value("a number out of range".to_owned()))?),
                _ => Val::Null,
            })
        };
        match operator {
            Operator::Equal => ordered(Ordering::is_eq),
            Operator::NotEqual => ordered(Ordering::is_ne),
            Operator::Less => ordered(Ordering::is_lt),
            Operator::LessOrEqual => ordered(Ordering::is_le),
            Operator::Greater => ordered(Ordering::is_gt),
            Operator::GreaterOrEqual => ordered(Ordering::is_ge),
            Operator::Add => computed(Decimal::checked_add),
            Operator::Subtract => computed(Decimal::checked_sub),
            Operator::Multiply => computed(Decimal::checked_mul),
            Operator::Divide => computed(Decimal::checked_div),
            Operator::Concat => Ok(Val::Text(a.text().unwrap_or_default() + &b.text().unwrap_or_default())),
            Operator::And => Ok(match (a, b) {
                (Val::Truth(true), Val::Truth(true)) => Val::Truth(true),
                (_, Val::Truth(false)) => Val::Truth(false),
                _ => Val::Null,
            }),
            Operator::Or => Ok(match (a, b) {
                (_, Val::Truth(true)) => Val::Truth(true),
                (Val::Truth(false), Val::Truth(false)) => Val::Truth(false),
                _ => Val::Null,
            }),
        }
    }

    fn aggregate(&self, name: &str, of: Option<&Expr>, distinct: bool, rows: &[&Joined<'a>]) -> Result<Val, QueryError> {
        let Some(of) = of else { return Ok(Val::id(rows.len() as u64)) };
        let mut values = Vec::new();
        for row in rows {
            let value = self.eval(of, &[*row])?;
            if value != Val::Null && !(distinct && values.contains(&value)) {
                values.push(value);
            }
        }
        let sum = || values.iter().map(|value| value.number().map(Option::unwrap_or_default)).sum::<Result<Decimal, _>>();
        Ok(match name {
            "COUNT" => Val::id(values.len() as u64),
            "MAX" => values.into_iter().max_by(Val::sort).unwrap_or(Val::Null),
            "MIN" => values.into_iter().min_by(Val::sort).unwrap_or(Val::Null),
            _ if values.is_empty() => Val::Null,
            "SUM" => Val::Number(sum()?),
            _ => Val::Number(sum()? / Decimal::from(values.len())),
        })
    }
}

/// The parts that a condition is the `AND` of.
fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Binary(Operator::And, left, right) => conjuncts(left).into_iter().chain(conjuncts(right)).collect(),
        other => vec![other],
    }
}

fn has_aggregate(expr: &Expr) -> bool {
    let mut found = false;
    visit(expr, &mut |inner| found |= matches!(inner, Expr::Aggregate { .. }));
    found
}
