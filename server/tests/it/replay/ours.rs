//! Where we answer otherwise than the recorded server, on purpose: what we answer, and why.

use super::recording::Exchange;

/// Which exchanges a row is about.
#[derive(Debug)]
pub enum About {
    /// Every refusal of fields that are missing or of the wrong form.
    Validation,
    /// These.
    Ids(&'static [&'static str]),
}

/// What we answer.
pub enum Answer {
    /// 422 with a list of issues, about the fields that were recorded.
    Issues,
    /// A refusal: its status, its word, and what its message says.
    Refuses(u16, &'static str, &'static str),
    /// The recorded body except for these fields, as JSON pointer and JSON value (`"<absent>"`: not there at all).
    Except(&'static [(&'static str, &'static str)]),
    /// This body, as JSON.
    Body(&'static str),
    /// The recorded body, and a header `x-strongroom-hint` that names what was not found.
    Hint(&'static str),
    /// As recorded: what is marked as a defect is what our contract asks for.
    Recorded,
}

/// One row.
pub struct Row {
    pub about: About,
    pub ours: Answer,
    #[expect(dead_code, reason = "for the reader")]
    why: &'static str,
}

impl Row {
    pub fn is_about(&self, exchange: &Exchange) -> bool {
        match self.about {
            About::Validation => exchange.status() == 401 && exchange.body()["error"] == "ValidationFailure",
            About::Ids(ids) => ids.contains(&exchange.id()),
        }
    }
}

const fn row(ids: &'static [&'static str], ours: Answer, why: &'static str) -> Row {
    Row {
        about: About::Ids(ids),
        ours,
        why,
    }
}

use Answer::{Body, Except, Hint, Issues, Recorded, Refuses};

const NOT_FOUND: &str = "NotFound";

/// The first row about an exchange counts.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(&["secret-update-without-value"],
        Body(r#"{"secret": {"secretKey": "RENAMED", "secretValue": "v", "secretComment": "renamed", "version": 2}}"#),
        "a rename, a comment or tags are changed without sending the value again"),
    row(&["secret-update-rename"], Refuses(404, NOT_FOUND, "MINIMAL"), "renamed by the exchange before, which was refused there"),
    row(&["admin-signup-missing-fields"],
        Refuses(404, "Not Found", "Route"),
        "the first administrator is made by bootstrap, or in the browser with a set-up code"),
    Row { about: About::Validation, ours: Issues, why: "current clients expect 422 and its list of issues" },
    row(&["ua-login-unknown-client", "ua-login-client-not-a-uuid"],
        Refuses(401, "UnauthorizedError", "Invalid credentials"),
        "whoever guesses client ids learns nothing"),
    row(&["refresh-token-without-cookie"],
        Refuses(401, "UnauthorizedError", "Log in again"),
        "a missing cookie is a missing login"),
    row(&["status-ok", "status-trailing-slash"],
        Except(&[("/redisConfigured", "false")]),
        "there is no Redis"),
    row(&["admin-config-before-signup", "admin-config-after-signup"],
        Except(&[("/config/allowSignUp", "false")]),
        "people are invited"),
    row(&["ua-trusted-ip-plan-restriction"],
        Body(r#"{"identityUniversalAuth": {"clientId": "<uuid:clientId>", "accessTokenTTL": 7200, "accessTokenMaxTTL": 86400,
            "accessTokenTrustedIps": [{"type": "ipv4", "prefix": 8, "ipAddress": "10.0.0.0"}]}}"#),
        "every feature is there without a plan"),
    row(&["malformed-json", "empty-json-body"], Refuses(400, "BadRequest", "JSON"), "not a failure of ours"),
    row(&["secret-value-over-1MiB"], Refuses(413, "PayloadTooLarge", "1 MiB"), "not a failure of ours"),
    row(&["project-get-v2-unknown-slug", "project-get-v1-unknown", "project-get-v1-not-a-uuid", "project-delete-again",
          "secret-get-by-slug-unknown"],
        Refuses(404, NOT_FOUND, "roject"), "not a failure of ours"),
    row(&["client-secret-revoke-unknown"], Refuses(404, NOT_FOUND, "lient secret"), "not a failure of ours"),
    row(&["secret-list-unknown-env"], Hint("nope"), "empty as recorded, and a header says why"),
    row(&["secret-list-unknown-path", "secret-list-path-without-slash"], Hint("/nope"), "empty as recorded, and a header says why"),

    row(&["form-content-type"], Refuses(422, "ValidationFailure", "Content-Type"), "bodies are JSON; a form is what a page of another site could send"),
    row(&["login1-unknown-user", "login1", "login2-bad-proof", "login1-second"],
        Refuses(400, "BadRequest", "Invalid credentials"),
        "without SRP: command lines fall back to it after a failed login, and show this answer"),
    row(&["select-organization-unknown"],
        Refuses(403, "ForbiddenRequestError", "organization"),
        "an organization that is not there and one of others are answered alike, without naming `undefined`"),
    row(&["refresh-token"], Except(&[("/token", "\"<jwt>\"")]), "each refresh signs a new token"),
    row(&["user-me-v1"],
        Except(&[
            ("/user/firstName", "\"Admin\""), ("/user/lastName", "\"\""), ("/user/devices", "\"<absent>\""),
            ("/user/consecutiveFailedMfaAttempts", "\"<absent>\""), ("/user/consecutiveFailedPasswordAttempts", "\"<absent>\""),
            ("/user/temporaryLockDateEnd", "\"<absent>\""), ("/user/isLocked", "\"<absent>\""),
            ("/user/clientPublicKey", "\"<absent>\""), ("/user/serverPrivateKey", "\"<absent>\""),
            ("/user/encryptionVersion", "\"<absent>\""), ("/user/protectedKey", "\"<absent>\""),
            ("/user/protectedKeyIV", "\"<absent>\""), ("/user/protectedKeyTag", "\"<absent>\""),
            ("/user/publicKey", "\"<absent>\""), ("/user/encryptedPrivateKey", "\"<absent>\""),
            ("/user/iv", "\"<absent>\""), ("/user/tag", "\"<absent>\""),
            ("/user/salt", "\"<absent>\""), ("/user/verifier", "\"<absent>\""),
        ]),
        "nobody has keys of his own here, so there is none to show; names are not asked at set-up; what failed to log in is not for a screen"),
    row(&["project-create-duplicate-slug"], Refuses(400, "BadRequest", "corpus-main"), "not a failure of ours"),
    row(&["auth-lowercase-bearer"], Recorded, "the scheme's case means nothing in HTTP"),
    row(&["secret-create-unknown-env"], Refuses(404, NOT_FOUND, "nope"), "as recorded, named properly"),
    row(&["secret-list-by-slug-as-user"], Body(r#"{"secrets": []}"#), "a slug names a project, whoever asks"),
    row(&["secret-list-recursive-unknown-env"], Refuses(404, NOT_FOUND, "nope"), "not a failure of ours"),
    row(&["secret-update"], Except(&[("/secret/secretComment", "\"main db\"")]), "the answer shows what is stored"),
    row(&["secret-update-keeps-comment"], Except(&[("/secret/secretComment", "\"renamed\"")]), "the answer shows what is stored"),
    row(&["secret-delete-shared-with-override"],
        Except(&[("/secret/type", "\"shared\""), ("/secret/secretValue", "\"shared\"")]),
        "what a person overrides is shown to nobody else"),
    row(&["folder-create-duplicate", "folder-rename-collision"], Recorded, "marked as odd, and what clients count on"),
    row(&["folder-create-bad-name", "folder-create-slash-name"], Refuses(422, "ValidationFailure", "name"), "not a failure of ours"),
    row(&["auth-basic-scheme"], Refuses(401, "UnauthorizedError", "Bearer"), "another scheme is no token at all"),
    row(&["token-renew"], Except(&[("/accessToken", "\"<jwt>\"")]), "current servers sign a new token for the same grant"),
    row(&["secret-create-metadata-ignored"], Except(&[("/secret/metadata", "{\"a\": \"1\"}")]), "what was sent is kept"),
    row(&["secret-list", "secret-list-double-slash-path", "folder-secret-list-recursive-root-names"],
        Except(&[("/secrets[WITH_META]/metadata", "{\"a\": \"1\"}")]),
        "what was sent is kept"),
    row(&["folder-list"],
        Body(r#"{"folders": [
            {"id": "<uuid:folderAppId>", "name": "app", "version": 1, "envId": "<uuid:envDevId>", "parentId": "<uuid>", "isReserved": false},
            {"name": "a", "version": 1, "createdAt": "<iso-date>", "updatedAt": "<iso-date>", "isReserved": false},
            {"name": "legacy", "version": 1}]}"#),
        "without the folder whose name holds a slash"),
    row(&["tag-attach", "tag-attach-unknown-tag", "tag-detach"],
        Refuses(404, NOT_FOUND, "PLAIN"), "the secret is missing, which has nothing to do with an index"),
];
