//! Values that cross the seam to the databases: parameters of statements and columns of rows.

use std::fmt;
use std::str::FromStr;

use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::Error;

/// A parameter or a column, in the types both databases share.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Absent, of any type.
    Null,
    /// `{INT}`; also times, as milliseconds since 1970.
    Int(i64),
    /// `{TEXT}`.
    Text(String),
    /// `{BYTES}`: sealed values, hashes.
    Bytes(Vec<u8>),
    /// `{BOOL}`.
    Bool(bool),
}

/// Lengths instead of content: rows hold token hashes, addresses and sealed values.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Int(number) => write!(f, "Int({number})"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Bool(truth) => write!(f, "Bool({truth})"),
        }
    }
}

impl Value {
    /// Text of an id or a role.
    pub fn text(shown: impl fmt::Display) -> Self {
        Self::Text(shown.to_string())
    }

    /// The same where it may be absent.
    pub fn text_optional(shown: Option<impl fmt::Display>) -> Self {
        shown.map_or(Self::Null, Self::text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(optional: Option<T>) -> Self {
        optional.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Bool(truth) => ValueRef::Integer(i64::from(*truth)),
        }))
    }
}

type Conversion<T> = Result<T, Box<dyn std::error::Error + Sync + Send>>;

/// The narrowest check there is: a value goes into a column of its own type only, except that 0 and 1 are truth
/// values, as a store copied from SQLite has them.
impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Conversion<IsNull> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Self::Int(number @ (0 | 1)), &Type::BOOL) => (*number == 1).to_sql(ty, out),
            (Self::Bool(truth), &Type::BOOL) => truth.to_sql(ty, out),
            (Self::Text(text), &(Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME)) => {
                text.to_sql(ty, out)
            }
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (value, ty) => Err(format!("{value:?} is no {ty}").into()),
        }
    }

    /// Everything: what fits is decided by the value, which is not known here.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'row> FromSql<'row> for Value {
    fn from_sql(ty: &Type, raw: &'row [u8]) -> Conversion<Self> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::BOOL => Self::Bool(bool::from_sql(ty, raw)?),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => Self::Text(String::from_sql(ty, raw)?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            _ => return Err(format!("{ty} is not used").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Conversion<Self> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A Rust type that a column can be read as. Strict: a column of another type is an error, never a conversion.
pub trait FromValue<'row>: Sized {
    /// The value as this type, or `None` if it has another one.
    fn from_value(value: &'row Value) -> Option<Self>;
}

impl FromValue<'_> for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }
}

/// SQLite has no booleans: 0 and 1 are accepted, other numbers are not.
impl FromValue<'_> for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(*truth),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl<'row> FromValue<'row> for &'row str {
    fn from_value(value: &'row Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FromValue<'_> for String {
    fn from_value(value: &Value) -> Option<Self> {
        <&str>::from_value(value).map(str::to_owned)
    }
}

impl<'row> FromValue<'row> for &'row [u8] {
    fn from_value(value: &'row Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl FromValue<'_> for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        <&[u8]>::from_value(value).map(<[u8]>::to_vec)
    }
}

impl<'row, T: FromValue<'row>> FromValue<'row> for Option<T> {
    fn from_value(value: &'row Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(Vec<Value>);

impl Row {
    /// A row of these columns.
    pub fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// The column at `index`, counted from 0, as a `T`. Reading as `&str` or `&[u8]` copies nothing.
    pub fn get<'row, T: FromValue<'row>>(&'row self, index: usize) -> Result<T, Error> {
        let value = self.0.get(index).ok_or(Error::Corrupt("a column is missing"))?;
        T::from_value(value).ok_or(match value {
            Value::Null => Error::Corrupt("a column is null that must not be"),
            _ => Error::Corrupt("a column has another type than expected"),
        })
    }

    /// The column at `index` parsed from text: ids, roles.
    pub fn parsed<T: FromStr>(&self, index: usize) -> Result<T, Error> {
        self.get::<&str>(index)?
            .parse()
            .map_err(|_| Error::Corrupt("a text column does not parse"))
    }

    /// The same for a column that may be null.
    pub fn parsed_optional<T: FromStr>(&self, index: usize) -> Result<Option<T>, Error> {
        self.get::<Option<&str>>(index)?
            .map(str::parse)
            .transpose()
            .map_err(|_| Error::Corrupt("a text column does not parse"))
    }

    /// All columns in order.
    pub fn into_values(self) -> Vec<Value> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_another_type_is_refused() {
        let row = Row::new(vec![
            Value::Int(2),
            Value::from("x"),
            Value::Null,
            Value::from(&b"y"[..]),
        ]);
        assert!(matches!(row.get::<bool>(0), Err(Error::Corrupt(_))));
        assert!(matches!(row.get::<String>(0), Err(Error::Corrupt(_))));
        assert!(matches!(row.get::<i64>(1), Err(Error::Corrupt(_))));
        assert!(matches!(row.get::<Vec<u8>>(1), Err(Error::Corrupt(_))));
        assert!(matches!(row.get::<i64>(2), Err(Error::Corrupt(_))));
        assert!(matches!(row.get::<&str>(3), Err(Error::Corrupt(_))));
        assert!(matches!(row.get::<i64>(4), Err(Error::Corrupt(_))));
        assert!(matches!(row.get::<Option<i64>>(1), Err(Error::Corrupt(_))));
    }

    #[test]
    fn columns_are_read_as_what_they_are() {
        let row = Row::new(vec![
            Value::from(1),
            Value::from("x"),
            Value::from(None::<i64>),
            Value::from(Some(vec![7_u8])),
            Value::from(false),
        ]);
        assert_eq!(row.get::<i64>(0), Ok(1));
        assert_eq!(row.get::<bool>(0), Ok(true));
        assert_eq!(row.get::<&str>(1), Ok("x"));
        assert_eq!(row.get::<Option<String>>(2), Ok(None));
        assert_eq!(row.get::<Option<&[u8]>>(3), Ok(Some(&[7_u8][..])));
        assert_eq!(row.get::<bool>(4), Ok(false));
    }

    #[test]
    fn debug_does_not_show_content() {
        let row = Row::new(vec![Value::from("canary"), Value::from(&b"canary"[..])]);
        assert_eq!(format!("{row:?}"), "Row([Text(6 bytes), Bytes(6 bytes)])");
    }
}
