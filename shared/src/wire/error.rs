//! The body of every answer with a status of 400 or more.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Error body in Infisical's shape.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// `req-` and 14 letters or digits; the same id stands in the server's log.
    pub req_id: String,
    /// The HTTP status again.
    pub status_code: u16,
    /// What happened.
    pub message: Message,
    /// Infisical's class name, such as `NotFound`.
    pub error: String,
    /// More, for some errors: permission rules, candidates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// Text, or for status 422 the list of what was wrong with the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Message {
    /// One sentence.
    Text(String),
    /// One entry for each field that was refused.
    Issues(Vec<Issue>),
}

/// One refused field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Machine-readable kind, `invalid_type` or `custom`.
    pub code: String,
    /// Where in the body or query.
    pub path: Vec<Value>,
    /// What is expected.
    pub message: String,
}

impl ErrorBody {
    /// The message as one line of text, whichever form it has.
    pub fn text(&self) -> String {
        match &self.message {
            Message::Text(text) => text.clone(),
            Message::Issues(issues) => issues
                .iter()
                .map(|issue| {
                    let path: Vec<String> = issue
                        .path
                        .iter()
                        .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
                        .collect();
                    if path.is_empty() {
                        issue.message.clone()
                    } else {
                        format!("{}: {}", path.join("."), issue.message)
                    }
                })
                .collect::<Vec<_>>()
                .join("; "),
        }
    }
}
