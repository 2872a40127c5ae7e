//! Service tokens: credentials of one project, limited to environments and folders, to reading or writing. They are
//! members of nothing: what they may do stands in the token.

pub mod scopes;

use std::sync::Arc;

use shared::model::access::{Action, Subject};
use shared::model::ids::{OrganizationId, ProjectId, ServiceTokenId};
use shared::model::names::{DisplayName, FolderPath};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use self::scopes::Scope;
use super::access::{self, Access};
use super::caller::{Actor, Caller, Credential, Source};
use super::projects::{self, Membership};
use super::{Context, Error, audit, places};
use crate::crypto::{random, token};
use crate::store;
use crate::store::service_tokens::ServiceToken as Row;
use crate::store::users::User;

/// What every service token begins with.
pub const PREFIX: &str = "st.";

/// Seconds between two times that the use of a token is written down: reading must not become writing.
pub(super) const TOUCH_SECONDS: i64 = 60;

/// Longest life that can be asked for: ten years, as of access tokens. Nothing at all means for ever.
const LONGEST_SECONDS: i64 = 315_360_000;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// Reading secrets, folders and imports.
    pub read: bool,
    /// Making, changing and deleting secrets and folders.
    pub write: bool,
}

impl Permissions {
    /// Reads the words of a request. None at all would allow nothing, so it is a mistake.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut permissions = Self {
            read: false,
            write: false,
        };
        for word in words {
            match word {
                "read" => permissions.read = true,
                "write" => permissions.write = true,
                _ => return Err(Self::refused()),
            }
        }
        if permissions.read || permissions.write {
            Ok(permissions)
        } else {
            Err(Self::refused())
        }
    }

    fn refused() -> Error {
        Error::Invalid {
            field: "permissions",
            reason: "give read, write or both".into(),
        }
    }

    /// The words, `read` first.
    pub fn words(self) -> Vec<&'static str> {
        let words = [(self.read, "read"), (self.write, "write")];
        words
            .into_iter()
            .filter_map(|(held, word)| held.then_some(word))
            .collect()
    }
}

/// What a token in force opens.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token.
    pub token: ServiceTokenId,
    /// Organization of the project. The token is no member of it.
    pub organization: OrganizationId,
    /// The one project.
    pub project: ProjectId,
    /// Where in it.
    pub scopes: Vec<Scope>,
    /// What there.
    pub permissions: Permissions,
}

impl Grant {
    /// Whether it allows an action. What is not about a folder of an environment is refused.
    pub fn allows(&self, action: Action, subject: Subject, scope: access::Scope) -> bool {
        let permitted = match (action, subject) {
            (Action::Read, Subject::Secrets | Subject::Folders | Subject::SecretImports) => {
                self.permissions.read
            }
            (Action::Create | Action::Edit | Action::Delete, Subject::Secrets | Subject::Folders) => {
                self.permissions.write
            }
            _ => false,
        };
        let (Some(environment), Some(path)) = (scope.environment, scope.path) else {
            return false;
        };
        permitted && self.scopes.iter().any(|scope| scope.covers(environment, path))
    }

    /// The one folder it opens, with its environment; none when it opens several or a pattern.
    pub fn only_folder(&self) -> Option<(&str, &FolderPath)> {
        match self.scopes.as_slice() {
            [scope] => Some((scope.environment(), scope.folder()?)),
            _ => None,
        }
    }
}

/// The project of a token, if it is the one that a request names.
pub(super) fn project_of(cx: &mut Context, grant: &Arc<Grant>, reference: &str) -> Result<Membership, Error> {
    let project = store::projects::by_id(cx.tx, grant.organization, grant.project)?.ok_or_else(gone)?;
    let named = match reference.parse::<ProjectId>() {
        Ok(id) => id == project.id,
        Err(_) => project.slug == reference || project.name == reference,
    };
    if !named {
        return Err(Error::Forbidden(format!(
            "This service token is not for the project '{reference}'"
        )));
    }
    Ok(Membership {
        project,
        access: Access::Token(Arc::clone(grant)),
    })
}

fn gone() -> Error {
    Error::Unauthenticated("The project of this service token was deleted".into())
}

fn not_found() -> Error {
    Error::NotFound("Service token not found".into())
}

fn hash(cx: &Context, secret: &SecretText) -> Vec<u8> {
    token::keyed_hash(cx.keys.token_key(), "service token", secret).to_vec()
}

/// Takes the text of a token apart: `st.<id>.<secret>`. A fourth part is the client's own key and ignored.
pub fn credential(text: &SecretText) -> Result<Credential, Error> {
    let parts = token::split(text).and_then(|(_, rest)| {
        let (id, secret) = token::split(&rest)?;
        let id = id.parse().ok()?;
        Some((
            id,
            token::split(&secret)
                .map(|(first, _)| SecretText::from(first))
                .unwrap_or(secret),
        ))
    });
    let (token, secret) = parts.ok_or_else(not_found)?;
    Ok(Credential::ServiceToken { token, secret })
}

/// The caller behind a token: revocation, the end of its life and of its project take effect with the next request.
/// Who cannot prove to hold the token is told nothing of its state.
pub(super) fn authenticate(
    cx: &mut Context,
    id: ServiceTokenId,
    secret: &SecretText,
    source: &Source,
) -> Result<Caller, Error> {
    let bearer = store::service_tokens::bearer(cx.tx, id)?.ok_or_else(not_found)?;
    let row = bearer.token;
    if !token::matches(&hash(cx, secret), &row.secret_hash) {
        return Err(Error::Unauthenticated("Invalid service token".into()));
    }
    if bearer.revoked {
        return Err(Error::Unauthenticated("The service token was revoked".into()));
    }
    let organization = bearer.organization_id.ok_or_else(gone)?;
    if row.expires_at.is_some_and(|end| end <= cx.now) {
        return Err(Error::Forbidden("The service token has expired".into()));
    }
    let stale = cx.now.plus_seconds(-TOUCH_SECONDS);
    let grant = Grant {
        token: id,
        organization,
        project: row.project_id,
        scopes: scopes::from_text(&row.scopes)?,
        permissions: Permissions::parse(row.permissions.split(' '))?,
    };
    Ok(Caller {
        actor: Actor::ServiceToken(id),
        name: row.name,
        credential_id: id.to_string(),
        grant: Some(Arc::new(grant)),
        unremembered: row.last_used_at.is_none_or(|last| last <= stale),
        ..Caller::anonymous(source.clone())
    })
}

/// Writes down that a token was used.
pub fn touch(cx: &mut Context, id: ServiceTokenId) -> Result<(), Error> {
    let since = cx.now.plus_seconds(-TOUCH_SECONDS);
    Ok(store::service_tokens::touch(cx.tx, id, since, cx.now)?)
}

/// A token with its maker, as it is shown.
pub struct Shown {
    /// The token. Its hash is not for showing.
    pub row: Row,
    /// Where it works.
    pub scopes: Vec<scopes::Words>,
    /// What it may do.
    pub permissions: Permissions,
    /// Who made it.
    pub maker: User,
}

fn shown(cx: &mut Context, row: Row) -> Result<Shown, Error> {
    Ok(Shown {
        scopes: scopes::words_of(&row.scopes)?,
        permissions: Permissions::parse(row.permissions.split(' '))?,
        maker: store::users::by_id(cx.tx, row.created_by)?
            .ok_or_else(|| Error::NotFound("The user who made this service token was not found".into()))?,
        row,
    })
}

/// The token that asks.
pub fn own(cx: &mut Context, caller: &Caller) -> Result<Shown, Error> {
    let grant = caller
        .grant
        .as_ref()
        .ok_or_else(|| Error::Forbidden("Only a service token can do this".into()))?;
    let row = store::service_tokens::by_id(cx.tx, grant.organization, grant.token)?.ok_or_else(not_found)?;
    shown(cx, row)
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewServiceToken {
    /// What it is for.
    pub name: DisplayName,
    /// Where it works.
    pub scopes: Vec<scopes::Words>,
    /// What it may do.
    pub permissions: Permissions,
    /// Seconds it lives; none for ever.
    pub lifetime: Option<i64>,
    /// Kept for the client as it came.
    pub encrypted_key: String,
    /// Kept for the client as it came.
    pub iv: String,
    /// Kept for the client as it came.
    pub tag: String,
}

/// Longest of the texts that are kept for the client.
const KEPT_LIMIT: usize = 4_096;

/// Makes a token; its text is shown this once.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    new: &NewServiceToken,
) -> Result<(SecretText, Shown), Error> {
    let (user, _) = caller.user_session()?;
    let project = projects::find_for(cx, caller, project, Action::Create, Subject::ServiceTokens)?.project;
    let mut scopes = Vec::with_capacity(new.scopes.len());
    for scope in scopes::parse(&new.scopes)? {
        let slug = scope.environment();
        let found = places::find_environment(cx, project.id, slug)?
            .ok_or_else(|| places::environment_not_found(project.id, slug))?;
        // Permission is asked for the slug that the environment has.
        scopes.push(scope.meaning(&found.slug));
    }
    if new
        .lifetime
        .is_some_and(|seconds| !(1..=LONGEST_SECONDS).contains(&seconds))
    {
        return Err(Error::Invalid {
            field: "expiresIn",
            reason: "give 1 to 315360000 seconds, or 0 for a token that never expires".into(),
        });
    }
    for (field, text) in [
        ("encryptedKey", &new.encrypted_key),
        ("iv", &new.iv),
        ("tag", &new.tag),
    ] {
        if text.len() > KEPT_LIMIT {
            return Err(Error::Invalid {
                field,
                reason: "at most 4096 characters are kept".into(),
            });
        }
    }
    let secret = token::new_secret()?;
    let id = ServiceTokenId::from_random(random::bytes()?);
    let expires_at: Option<UnixMillis> = new.lifetime.map(|seconds| cx.now.plus_seconds(seconds));
    let row = Row {
        id,
        project_id: project.id,
        name: new.name.to_string(),
        secret_hash: hash(cx, &secret),
        scopes: scopes::to_text(&scopes)?,
        permissions: new.permissions.words().join(" "),
        encrypted_key: new.encrypted_key.clone(),
        iv: new.iv.clone(),
        tag: new.tag.clone(),
        created_by: user,
        expires_at,
        last_used_at: None,
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::service_tokens::insert(cx.tx, &row)?;
    audit::record(cx, caller, &entry("service-token.create", &row))?;
    let text = token::join(&format!("{PREFIX}{id}"), &secret);
    Ok((text, shown(cx, row)?))
}

fn entry(event: &'static str, row: &Row) -> audit::Entry {
    audit::Entry::in_project(event, row.project_id)
        .with("service_token", &row.id)
        .with("name", &row.name)
        .with("scopes", &row.scopes)
        .with("permissions", &row.permissions)
}

/// Ends a token. Whoever may not do so in its project learns no more than of one that does not exist.
pub fn revoke(cx: &mut Context, caller: &Caller, id: Option<ServiceTokenId>) -> Result<Shown, Error> {
    let (organization, _) = caller.organization()?;
    let id = id.ok_or_else(not_found)?;
    let row = store::service_tokens::by_id(cx.tx, organization, id)?.ok_or_else(not_found)?;
    let project = row.project_id.to_string();
    projects::find_for(cx, caller, &project, Action::Delete, Subject::ServiceTokens).map_err(|error| {
        match error {
            Error::Forbidden(_) => not_found(),
            other => other,
        }
    })?;
    store::service_tokens::revoke(cx.tx, id, cx.now)?;
    audit::record(cx, caller, &entry("service-token.revoke", &row))?;
    shown(cx, row)
}

/// The tokens of a project.
pub fn list(cx: &mut Context, caller: &Caller, project: &str) -> Result<Vec<Shown>, Error> {
    let project = projects::find_for(cx, caller, project, Action::Read, Subject::ServiceTokens)?.project;
    let rows = store::service_tokens::of_project(cx.tx, project.id)?;
    rows.into_iter().map(|row| shown(cx, row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_words_and_never_none() {
        assert_eq!(
            Permissions::parse(["write", "read"]).unwrap().words(),
            ["read", "write"]
        );
        assert_eq!(Permissions::parse(["read", "read"]).unwrap().words(), ["read"]);
        for bad in [vec![], vec!["admin"], vec![""], vec!["Read"], vec!["read", "*"]] {
            assert!(Permissions::parse(bad.clone()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn three_or_four_parts() {
        let id = "7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11";
        for text in [
            format!("st.{id}.abc"),
            format!("st.{id}.abc.key"),
            format!("st.{id}.abc.key.more"),
        ] {
            let Ok(Credential::ServiceToken { token, secret }) = credential(&SecretText::new(text)) else {
                panic!("expected a service token")
            };
            assert_eq!(token.to_string(), id);
            assert_eq!(secret, SecretText::from("abc"));
        }
        for bad in ["st.", "st.a", "st.a.b", "st..", &format!("st.{id}")] {
            let refused = credential(&SecretText::from(bad));
            assert!(matches!(refused, Err(Error::NotFound(_))), "{bad}");
        }
    }

    fn grant(permissions: &[&str], scopes: &[(&str, &str)]) -> Grant {
        let words: Vec<scopes::Words> = scopes
            .iter()
            .map(|(environment, path)| scopes::Words {
                environment: (*environment).into(),
                path: (*path).into(),
            })
            .collect();
        Grant {
            token: ServiceTokenId::from_random([1; 16]),
            organization: OrganizationId::from_random([2; 16]),
            project: ProjectId::from_random([3; 16]),
            scopes: words
                .iter()
                .map(|words| scopes::parse(std::slice::from_ref(words)).unwrap().remove(0))
                .collect(),
            permissions: Permissions::parse(permissions.iter().copied()).unwrap(),
        }
    }

    /// Everything that a grant allows in a folder.
    fn allowed(grant: &Grant, environment: &str, path: &str) -> Vec<String> {
        let path = path.parse().unwrap();
        let scope = access::Scope {
            environment: Some(environment),
            path: Some(&path),
        };
        let mut lines = Vec::new();
        for &subject in Subject::ALL {
            for &action in Action::ALL {
                assert!(
                    !grant.allows(action, subject, access::Scope::default()),
                    "{action} {subject}"
                );
                if grant.allows(action, subject, scope) {
                    lines.push(format!("{action} {subject}"));
                }
            }
        }
        lines
    }

    #[test]
    fn a_grant_allows_its_permissions_in_its_scopes() {
        let reads = ["read secrets", "read secret-folders", "read secret-imports"];
        let writes = [
            "create secrets",
            "edit secrets",
            "delete secrets",
            "create secret-folders",
            "edit secret-folders",
            "delete secret-folders",
        ];
        let reader = grant(&["read"], &[("dev", "/a"), ("prod", "/**")]);
        assert_eq!(allowed(&reader, "dev", "/a"), reads);
        assert_eq!(allowed(&reader, "prod", "/x/y"), reads);
        for (environment, path) in [("dev", "/"), ("dev", "/a/b"), ("staging", "/a")] {
            assert!(allowed(&reader, environment, path).is_empty());
        }
        assert_eq!(allowed(&grant(&["write"], &[("dev", "/")]), "dev", "/"), writes);
        let nothing = grant(&["read", "write"], &[]);
        assert!(allowed(&nothing, "dev", "/").is_empty());
        assert!(nothing.only_folder().is_none());
    }

    #[test]
    fn only_one_folder_speaks_for_itself() {
        assert!(grant(&["read"], &[("dev", "/a")]).only_folder().is_some());
        assert!(grant(&["read"], &[("dev", "/a/*")]).only_folder().is_none());
        assert!(
            grant(&["read"], &[("dev", "/"), ("prod", "/")])
                .only_folder()
                .is_none()
        );
    }
}
