//! Who makes a request, and from where.

use std::sync::Arc;

use shared::model::access::OrganizationRole;
use shared::model::ids::{AccessTokenId, IdentityId, OrganizationId, ServiceTokenId, SessionId, UserId};
use shared::model::text::SecretText;

use super::service_tokens::Grant;
use super::{Context, Error, access_tokens, service_tokens, sessions, tokens};
use crate::store;
use crate::store::members::Member;

/// Where a request comes from; kept in sessions and audit records.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Address of the peer.
    pub ip: String,
    /// The program's own word for itself.
    pub user_agent: String,
    /// Id of the request.
    pub request_id: String,
}

/// A token whose signature was checked, if it has one, and whose row was not yet looked up.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A person's session.
    User {
        /// The person.
        user: UserId,
        /// The session.
        session: SessionId,
        /// The organization selected, if any.
        organization: Option<OrganizationId>,
    },
    /// A machine's access token.
    Identity {
        /// The token's row.
        token: AccessTokenId,
        /// Whether each request with it has to be counted.
        limited: bool,
        /// Whether the end that is written in its text is over. The row may live on, when it was renewed.
        expired: bool,
    },
    /// A service token.
    ServiceToken {
        /// The token's row.
        token: ServiceTokenId,
        /// What proves that it is held, not checked yet.
        secret: SecretText,
    },
}

/// Somebody whose credential is in force right now.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who it is.
    pub actor: Actor,
    /// Name to show: e-mail address or name of the identity.
    pub name: String,
    /// Session, access token or service token.
    pub credential_id: String,
    /// The organization the request is about and the role there; none before one is selected, and none ever for a
    /// service token, which is a member of nothing.
    pub organization: Option<(OrganizationId, OrganizationRole)>,
    /// What a service token opens; none for everybody else.
    pub grant: Option<Arc<Grant>>,
    /// Whether the use of the credential is still to be written down.
    pub unremembered: bool,
    /// Whether the caller administers the instance.
    pub instance_admin: bool,
    /// Where the request comes from.
    pub source: Source,
}

/// Kinds of actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// A machine identity.
    Identity(IdentityId),
    /// A service token.
    ServiceToken(ServiceTokenId),
    /// Somebody at the server's own command line.
    Operator,
    /// Nobody yet: a login, a set-up.
    Anonymous,
}

impl Actor {
    /// The word used in records.
    pub fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Identity(_) => "identity",
            Self::ServiceToken(_) => "service-token",
            Self::Operator => "operator",
            Self::Anonymous => "anonymous",
        }
    }

    /// The id used in records, empty for operators and strangers.
    pub fn id(self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Identity(id) => id.to_string(),
            Self::ServiceToken(id) => id.to_string(),
            Self::Operator | Self::Anonymous => String::new(),
        }
    }

    /// The same as somebody who can belong to an organization or a project.
    pub fn member(self) -> Option<Member> {
        match self {
            Self::User(id) => Some(Member::User(id)),
            Self::Identity(id) => Some(Member::Identity(id)),
            Self::ServiceToken(_) | Self::Operator | Self::Anonymous => None,
        }
    }
}

impl Caller {
    /// Somebody without a credential: for the records of logins and of set-up.
    pub fn anonymous(source: Source) -> Self {
        Self::without_credential(Actor::Anonymous, source)
    }

    /// The operator at the server's own command line.
    pub fn operator() -> Self {
        let source = Source {
            user_agent: "strongroom".into(),
            ..Source::default()
        };
        Self::without_credential(Actor::Operator, source)
    }

    fn without_credential(actor: Actor, source: Source) -> Self {
        Self {
            actor,
            name: String::new(),
            credential_id: String::new(),
            organization: None,
            grant: None,
            unremembered: false,
            instance_admin: false,
            source,
        }
    }

    /// The organization and the role in it.
    pub fn organization(&self) -> Result<(OrganizationId, OrganizationRole), Error> {
        if self.grant.is_some() {
            return Err(members_only());
        }
        self.organization.ok_or_else(|| {
            Error::Unauthenticated(
                "No organization found in the request. Select one with POST /api/v3/auth/select-organization"
                    .into(),
            )
        })
    }

    /// The organization of the member, or the one of the service token's project.
    pub fn organization_id(&self) -> Result<OrganizationId, Error> {
        match &self.grant {
            Some(grant) => Ok(grant.organization),
            None => Ok(self.organization()?.0),
        }
    }

    /// The caller as a member, or a refusal when only members can do it.
    pub fn member(&self) -> Result<Member, Error> {
        self.actor.member().ok_or_else(members_only)
    }

    /// Refuses whoever does not administer the instance.
    pub fn require_instance_admin(&self) -> Result<(), Error> {
        if self.instance_admin {
            return Ok(());
        }
        Err(Error::Forbidden(
            "Only an administrator of the instance can do this, such as the person who set it up".into(),
        ))
    }

    /// The session of a person, or a refusal for everybody else.
    pub fn user_session(&self) -> Result<(UserId, SessionId), Error> {
        match self.actor {
            Actor::User(user) => {
                let session = self.credential_id.parse().map_err(|_| ended())?;
                Ok((user, session))
            }
            _ => Err(Error::Forbidden("Only a logged-in user can do this".into())),
        }
    }
}

fn members_only() -> Error {
    Error::Forbidden("Only a user or a machine identity can do this".into())
}

/// The refusal for a session that is over.
pub(super) fn ended() -> Error {
    Error::Unauthenticated("The session has ended. Log in again".into())
}

/// A credential of which people want to know whether anybody still uses it.
#[derive(Debug, Clone, Copy)]
pub enum Used {
    /// A person's session.
    Session(SessionId),
    /// A service token.
    ServiceToken(ServiceTokenId),
    /// An access token made by hand.
    AccessToken(AccessTokenId),
}

impl Used {
    /// The caller's, when its use is to be written down.
    pub fn unremembered(caller: &Caller) -> Option<Self> {
        if !caller.unremembered {
            return None;
        }
        match caller.actor {
            Actor::User(_) => caller.credential_id.parse().ok().map(Self::Session),
            Actor::ServiceToken(token) => Some(Self::ServiceToken(token)),
            Actor::Identity(_) => caller.credential_id.parse().ok().map(Self::AccessToken),
            _ => None,
        }
    }

    /// Writes its use down.
    pub fn remember(self, cx: &mut Context) -> Result<(), Error> {
        match self {
            Self::Session(session) => sessions::touch(cx, session),
            Self::ServiceToken(token) => service_tokens::touch(cx, token),
            Self::AccessToken(token) => access_tokens::touch(cx, token),
        }
    }
}

/// Looks up the row behind a credential: revocation takes effect with the next request.
pub fn authenticate(cx: &mut Context, credential: &Credential, source: &Source) -> Result<Caller, Error> {
    match credential {
        Credential::User {
            user,
            session,
            organization,
        } => {
            let session = store::sessions::live(cx.tx, *session, cx.now)?
                .filter(|found| found.user_id == *user)
                .ok_or_else(ended)?;
            let user = store::users::by_id(cx.tx, session.user_id)?.ok_or_else(ended)?;
            let organization = match organization {
                None => None,
                Some(id) => {
                    let role = store::organizations::role_of(cx.tx, *id, Member::User(user.id))?.ok_or_else(
                        || Error::Forbidden("You no longer belong to this organization".into()),
                    )?;
                    Some((*id, role))
                }
            };
            Ok(Caller {
                actor: Actor::User(user.id),
                name: user.email,
                credential_id: session.id.to_string(),
                organization,
                instance_admin: user.instance_admin,
                unremembered: sessions::is_unremembered(cx, &session),
                ..Caller::anonymous(source.clone())
            })
        }
        Credential::Identity { token, expired, .. } => {
            let bearer = access_tokens::in_force(cx, *token, source)?;
            if *expired {
                return Err(tokens::expired());
            }
            Ok(Caller {
                actor: Actor::Identity(bearer.token.identity_id),
                name: bearer.identity_name,
                credential_id: token.to_string(),
                organization: Some((bearer.organization_id, bearer.organization_role)),
                instance_admin: bearer.instance_admin,
                unremembered: access_tokens::is_unremembered(cx, &bearer.token),
                ..Caller::anonymous(source.clone())
            })
        }
        Credential::ServiceToken { token, secret } => {
            service_tokens::authenticate(cx, *token, secret, source)
        }
    }
}
