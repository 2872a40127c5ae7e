//! Rows as JSON lines, the same for both databases: `{"column": value}` with numbers, texts, nulls, and
//! `{"base64": "…"}` for bytes.

use data_encoding::BASE64;
use serde_json::{Map, Value as Json, json};

use super::Error;
use super::root::Root;
use crate::store::copy::{self, Column, Kind};
use crate::store::{self, Tx, Value};

/// Longest line that is written and accepted: a value of 1 MiB, sealed and in base64, with room to spare.
pub const LINE_LIMIT: usize = 8 * 1024 * 1024;

/// Rows fetched at a time.
const BATCH: usize = 500;

/// Gives every row of a table to `sink` as a line with its newline, in the order of the primary key.
pub fn each_line(tx: Tx, table: &str, sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let mut line = Vec::new();
    let mut failed = None;
    let exported = copy::export_rows(tx, table, BATCH, &mut |columns, values| {
        line.clear();
        to_line(columns, table, values, &mut line)
            .and_then(|()| sink(&line))
            .map_err(|error| {
                failed = Some(error);
                store::Error::Unavailable("a row could not be taken".into())
            })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(exported?),
    }
}

/// The Merkle root of everything in a database.
pub fn root(tx: Tx) -> Result<String, Error> {
    let mut root = Root::default();
    for table in copy::tables(tx)? {
        each_line(tx, &table, &mut |line| {
            root.row(&table, line);
            Ok(())
        })?;
    }
    Ok(root.finish())
}

/// Appends a row as one line with its newline. One that no restore would accept is refused: better no backup than one
/// that turns out to be none when it is needed.
pub fn to_line(columns: &[Column], table: &str, values: &[Value], lines: &mut Vec<u8>) -> Result<(), Error> {
    let start = lines.len();
    let row: Map<String, Json> = columns
        .iter()
        .zip(values)
        .map(|(column, value)| (column.name.clone(), to_json(value)))
        .collect();
    serde_json::to_writer(&mut *lines, &row).map_err(std::io::Error::from)?;
    lines.push(b'\n');
    if lines.len() - start > LINE_LIMIT {
        return Err(Error::Refused(format!(
            "a row of table {table} is longer than {} MiB, and no restore would accept it",
            LINE_LIMIT / (1024 * 1024)
        )));
    }
    Ok(())
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(number) => json!(number),
        Value::Bool(truth) => json!(i64::from(*truth)),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!({ "base64": BASE64.encode(bytes) }),
    }
}

/// The values of a line in the order of the columns. Columns that the table does not have, missing ones and wrong
/// types are refused: nothing is dropped in silence.
pub fn from_line(columns: &[Column], table: &str, line: &[u8]) -> Result<Vec<Value>, Error> {
    let bad = |what: &str| Error::Malformed(format!("a row of table {table} {what}"));
    let mut row: Map<String, Json> = serde_json::from_slice(line).map_err(|_| bad("is not a JSON object"))?;
    let values = columns
        .iter()
        .map(|column| {
            let value = row
                .remove(&column.name)
                .ok_or_else(|| bad(&format!("lacks the column {}", column.name)))?;
            from_json(column, value)
                .ok_or_else(|| bad(&format!("has a wrong value in the column {}", column.name)))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    match row.keys().next() {
        Some(unknown) => Err(bad(&format!("has the unknown column {unknown}"))),
        None => Ok(values),
    }
}

fn from_json(column: &Column, value: Json) -> Option<Value> {
    match (column.kind, value) {
        (_, Json::Null) => Some(Value::Null),
        (Kind::Int, Json::Number(number)) => number.as_i64().map(Value::Int),
        (Kind::Text, Json::String(text)) => Some(Value::Text(text)),
        (Kind::Bytes, Json::Object(object)) => {
            let text = object.get("base64")?.as_str()?;
            BASE64.decode(text.as_bytes()).ok().map(Value::Bytes)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        [("a", Kind::Int), ("b", Kind::Text), ("c", Kind::Bytes)]
            .into_iter()
            .map(|(name, kind)| Column {
                name: name.into(),
                kind,
                key: 0,
            })
            .collect()
    }

    #[test]
    fn rows_round_trip() {
        for values in [
            vec![
                Value::Int(i64::MIN),
                Value::from("ü\n\"\u{0}"),
                Value::Bytes(vec![0, 255]),
            ],
            vec![Value::Null, Value::Null, Value::Null],
        ] {
            let mut line = Vec::new();
            to_line(&columns(), "t", &values, &mut line).unwrap();
            assert_eq!(line.split(|byte| *byte == b'\n').count(), 2);
            assert_eq!(from_line(&columns(), "t", &line).unwrap(), values);
        }
    }

    #[test]
    fn a_line_that_no_restore_accepts_is_not_written() {
        let row = |length: usize| vec![Value::Int(1), Value::Text("x".repeat(length)), Value::Null];
        let around = {
            let mut line = Vec::new();
            to_line(&columns(), "t", &row(0), &mut line).unwrap();
            line.len()
        };
        // What stands before does not count.
        let mut lines = vec![b'\n'; 100];
        to_line(&columns(), "t", &row(LINE_LIMIT - around), &mut lines).unwrap();
        assert_eq!(lines.len(), LINE_LIMIT + 100);
        let refused = to_line(&columns(), "t", &row(LINE_LIMIT - around + 1), &mut Vec::new());
        let Err(Error::Refused(reason)) = refused else {
            panic!("{refused:?}");
        };
        assert!(reason.contains("table t is longer than 8 MiB"), "{reason}");
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        for line in [
            "",
            "[]",
            "{}",
            r#"{"a":1,"b":"x"}"#,
            r#"{"a":1,"b":"x","c":null,"d":1}"#,
            r#"{"a":"1","b":"x","c":null}"#,
            r#"{"a":1.5,"b":"x","c":null}"#,
            r#"{"a":1,"b":2,"c":null}"#,
            r#"{"a":1,"b":"x","c":"eA=="}"#,
            r#"{"a":1,"b":"x","c":{"base64":"?"}}"#,
        ] {
            assert!(from_line(&columns(), "t", line.as_bytes()).is_err(), "{line}");
        }
    }
}
