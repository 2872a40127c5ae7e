//! A field of a change, where null means something else than absence.

use std::fmt::Display;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What happens to something that need not be there. As a field of a body it needs `#[serde(default)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays: the field is absent.
    #[default]
    Keep,
    /// It goes: the field is null.
    Remove,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// Whether it stays.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// What is there afterwards.
    pub fn apply(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Remove => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same as text.
    pub fn to_text(&self) -> Change<String>
    where
        T: Display,
    {
        match self {
            Self::Keep => Change::Keep,
            Self::Remove => Change::Remove,
            Self::Set(value) => Change::Set(value.to_string()),
        }
    }

    /// The same with another type of value, unless that is refused.
    pub fn try_map<U, E>(self, make: impl FnOnce(T) -> Result<U, E>) -> Result<Change<U>, E> {
        Ok(match self {
            Self::Keep => Change::Keep,
            Self::Remove => Change::Remove,
            Self::Set(value) => Change::Set(make(value)?),
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Remove, Self::Set))
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Remove => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Body {
        #[serde(default, skip_serializing_if = "Change::is_keep")]
        text: Change<String>,
    }

    #[test]
    fn null_and_absence_differ_both_ways() {
        for (json, change, after) in [
            ("{}", Change::Keep, Some("before")),
            (r#"{"text":null}"#, Change::Remove, None),
            (r#"{"text":"x"}"#, Change::Set("x".to_owned()), Some("x")),
        ] {
            let body: Body = serde_json::from_str(json).unwrap();
            assert_eq!(body.text, change);
            assert_eq!(serde_json::to_string(&body).unwrap(), json);
            assert_eq!(body.text.apply(Some("before".into())).as_deref(), after);
        }
        assert!(serde_json::from_str::<Body>(r#"{"text":7}"#).is_err());
    }
}
