//! JSON that is nearly right: known field names, with what does not belong there.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};

use crate::{CANARY, CANARY_NUMBER};

/// A value of any type; what could be a secret is a canary.
pub fn value(input: &mut Unstructured, fields: &[&str], depth: u32) -> Result<Value> {
    let kinds = if depth == 0 { 8 } else { 10 };
    Ok(match input.int_in_range(0..=kinds)? {
        0 => Value::Null,
        1 => json!(input.arbitrary::<bool>()?),
        2 => json!(CANARY_NUMBER),
        3 => json!(input.arbitrary::<i64>()?),
        4 => json!(-1.5e300 * f64::from(input.arbitrary::<u8>()?)),
        5 => json!(CANARY),
        6 => json!(format!("{}\n\"{CANARY}\" at line 1", input.arbitrary::<char>()?)),
        7 => json!(*input.choose(&["", " ", "dev", "/a/b", "shared", "true", "12", "${A}", "\u{0}"])?),
        8 => json!(input.arbitrary::<&str>()?),
        9 => {
            let count = input.int_in_range(0..=3)?;
            let items = (0..count).map(|_| value(input, fields, depth - 1));
            Value::Array(items.collect::<Result<_>>()?)
        }
        _ => object(input, fields, depth - 1)?,
    })
}

/// An object of known fields.
pub fn object(input: &mut Unstructured, fields: &[&str], depth: u32) -> Result<Value> {
    let mut object = Map::new();
    for _ in 0..input.int_in_range(0..=5)? {
        let name = (*input.choose(fields)?).to_owned();
        object.insert(name, value(input, fields, depth)?);
    }
    Ok(Value::Object(object))
}
