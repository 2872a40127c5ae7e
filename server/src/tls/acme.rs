//! Certificates of an authority that speaks ACME (RFC 8555). It convinces itself that a name is ours by a challenge: a
//! certificate in a handshake of its own kind (TLS-ALPN-01, RFC 8737), or a text on port 80 (HTTP-01).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, Problem, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;
use shared::model::text::SecretText;
use shared::model::tls::AcmeSettings;

use super::certificate::Served;
use crate::app::App;
use crate::domain::tls as kept;
use crate::domain::tls::{Issued, Pem};
use crate::outside::acme::AcmeClient;

/// The protocol of handshakes that are challenges.
pub const PROTOCOL: &[u8] = b"acme-tls/1";
/// Longest time for everything about one order.
const LONGEST: Duration = Duration::from_mins(3);
/// How an authority is asked whether it is done: soon at first, then less often.
const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(250))
    .backoff(1.5)
    .timeout(Duration::from_secs(90));
/// What an authority calls an account that it does not know (any more).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// How an authority convinces itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By a handshake.
    TlsAlpn,
    /// By a request on port 80.
    Http,
}

impl Kind {
    fn of_acme(self) -> ChallengeType {
        match self {
            Self::TlsAlpn => ChallengeType::TlsAlpn01,
            Self::Http => ChallengeType::Http01,
        }
    }

    /// What a person calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TlsAlpn => "TLS-ALPN-01",
            Self::Http => "HTTP-01",
        }
    }
}

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The authority looked and said no. Asking again soon only counts against its limits.
    #[error("{0}")]
    Refused(String),
    /// It could not be asked, or did not answer as it should.
    #[error("{0}")]
    Trouble(String),
}

/// What is shown to an authority while it looks.
#[derive(Debug, Default)]
pub struct Challenges {
    certificates: RwLock<HashMap<String, Arc<CertifiedKey>>>,
    answers: RwLock<HashMap<String, String>>,
}

impl Challenges {
    /// For a handshake that is a challenge.
    pub fn certificate(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let certificates = self.certificates.read().unwrap_or_else(PoisonError::into_inner);
        certificates.get(&name.to_ascii_lowercase()).cloned()
    }

    /// For a request on port 80.
    pub fn answer(&self, token: &str) -> Option<String> {
        let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        answers.get(token).cloned()
    }

    fn show(&self, name: &str, certificate: Arc<CertifiedKey>) {
        let mut certificates = self.certificates.write().unwrap_or_else(PoisonError::into_inner);
        certificates.insert(name.to_owned(), certificate);
    }

    fn show_answer(&self, token: &str, answer: &str) {
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        answers.insert(token.to_owned(), answer.to_owned());
    }

    /// Takes down everything that was shown: one order is under way at a time.
    fn clear(&self) {
        self.certificates
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.answers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Gets a certificate for a name, with a new key.
pub async fn order(
    app: &App,
    challenges: &Challenges,
    settings: &AcmeSettings,
    domain: &str,
    kind: Kind,
) -> Result<(Issued, Served), Failure> {
    let got = tokio::time::timeout(LONGEST, attempt(app, challenges, settings, domain, kind)).await;
    challenges.clear();
    got.unwrap_or_else(|_| {
        Err(Failure::Trouble(format!(
            "the authority was not done after {} seconds",
            LONGEST.as_secs()
        )))
    })
}

async fn attempt(
    app: &App,
    challenges: &Challenges,
    settings: &AcmeSettings,
    domain: &str,
    kind: Kind,
) -> Result<(Issued, Served), Failure> {
    let identifiers = [Identifier::Dns(domain.to_owned())];
    let wanted = NewOrder::new(&identifiers);
    let mut order = match account(app, settings, false).await?.new_order(&wanted).await {
        Err(error) if is_gone(&error) => {
            tracing::warn!("the authority does not know the ACME account any more; a new one is opened");
            let account = account(app, settings, true).await?;
            account.new_order(&wanted).await.map_err(explain)?
        }
        other => other.map_err(explain)?,
    };
    prove(&mut order, challenges, kind).await?;
    if order.poll_ready(&PATIENCE).await.map_err(explain)? != OrderStatus::Ready {
        return Err(Failure::Refused(why_invalid(&mut order).await));
    }
    let key = KeyPair::generate().map_err(|error| making(&error))?;
    let mut params = CertificateParams::new([domain.to_owned()]).map_err(|error| making(&error))?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(|error| making(&error))?;
    order.finalize_csr(request.der()).await.map_err(explain)?;
    let chain = order.poll_certificate(&PATIENCE).await.map_err(explain)?;
    let pem = Pem {
        chain,
        key: SecretText::new(key.serialize_pem()),
    };
    let served = Served::from_pem(&pem.chain, &pem.key)
        .map_err(|error| Failure::Trouble(format!("what the authority sent cannot be served: {error}")))?;
    if !served.facts.names.iter().any(|name| name == domain) {
        return Err(Failure::Trouble(format!(
            "the authority sent a certificate for {} instead of {domain}",
            served.facts.names.join(", ")
        )));
    }
    let issued = Issued {
        directory: settings.directory.clone(),
        pem,
    };
    Ok((issued, served))
}

/// The account at the authority; opened when there is none, or when the one there was is gone.
async fn account(app: &App, settings: &AcmeSettings, anew: bool) -> Result<Account, Failure> {
    let directory = settings.directory.clone();
    let client = AcmeClient::new(
        &directory,
        settings.directory_root.as_deref(),
        &app.host().outbound,
    )
    .map_err(Failure::Trouble)?;
    let builder = Account::builder_with_http(Box::new(client));
    let contact = settings.email.as_ref().map(|email| format!("mailto:{email}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let storing =
        |error: crate::domain::Error| Failure::Trouble(format!("the store cannot be used: {error}"));
    let known = {
        let directory = directory.clone();
        app.read(move |cx| kept::account(cx, &directory))
            .await
            .map_err(storing)?
    };
    if let Some(known) = known.filter(|_| !anew) {
        let credentials: AccountCredentials = serde_json::from_str(known.credentials.expose())
            .map_err(|_| Failure::Trouble("the ACME account that is kept cannot be read".into()))?;
        let account = builder.from_credentials(credentials).await.map_err(explain)?;
        if known.email != settings.email {
            match account.update_contacts(&contact).await {
                // The order will find that out, and open a new one.
                Err(error) if is_gone(&error) => return Ok(account),
                other => other.map_err(explain)?,
            }
            let changed = kept::Account {
                email: settings.email.clone(),
                ..known
            };
            app.write(move |cx| kept::keep_account(cx, &directory, &changed))
                .await
                .map_err(storing)?;
        }
        return Ok(account);
    }
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, credentials) = builder
        .create(&new, directory.clone(), None)
        .await
        .map_err(explain)?;
    let credentials = serde_json::to_string(&credentials)
        .map_err(|error| Failure::Trouble(format!("the ACME account cannot be kept: {error}")))?;
    let opened = kept::Account {
        email: settings.email.clone(),
        credentials: SecretText::new(credentials),
    };
    app.write(move |cx| kept::keep_account(cx, &directory, &opened))
        .await
        .map_err(storing)?;
    Ok(account)
}

/// Whether the authority does not know the account any more.
fn is_gone(error: &instant_acme::Error) -> bool {
    matches!(error, instant_acme::Error::Api(problem) if problem.r#type.as_deref() == Some(NO_ACCOUNT))
}

/// Puts up what the authority wants to see, and only then lets it look.
async fn prove(order: &mut Order, challenges: &Challenges, kind: Kind) -> Result<(), Failure> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(explain)?;
        match authorization.status {
            AuthorizationStatus::Pending => {}
            // Proven not long ago.
            AuthorizationStatus::Valid => continue,
            other => {
                return Err(Failure::Refused(format!(
                    "the authority's mind is made up: {other:?}"
                )));
            }
        }
        let mut challenge = authorization
            .challenge(kind.of_acme())
            .ok_or_else(|| Failure::Trouble(format!("the authority does not offer {}", kind.as_str())))?;
        let proof = challenge.key_authorization();
        match kind {
            Kind::TlsAlpn => {
                let name = challenge.identifier().to_string();
                challenges.show(&name, challenge_certificate(&name, proof.digest().as_ref())?);
            }
            Kind::Http => challenges.show_answer(&challenge.token, proof.as_str()),
        }
        challenge.set_ready().await.map_err(explain)?;
    }
    Ok(())
}

/// A certificate that proves one thing to one who looks for it.
fn challenge_certificate(name: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, Failure> {
    let key = KeyPair::generate().map_err(|error| making(&error))?;
    let mut params = CertificateParams::new([name.to_owned()]).map_err(|error| making(&error))?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key).map_err(|error| making(&error))?;
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let private = any_supported_type(&private)
        .map_err(|error| Failure::Trouble(format!("a certificate cannot be made: {error}")))?;
    Ok(Arc::new(CertifiedKey::new(
        vec![certificate.der().clone()],
        private,
    )))
}

/// What the authority saw when it looked.
async fn why_invalid(order: &mut Order) -> String {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if let Ok(state) = authorization.refresh().await {
            let problems = state
                .challenges
                .iter()
                .filter_map(|challenge| challenge.error.as_ref());
            reasons.extend(problems.map(said));
        }
    }
    if reasons.is_empty() {
        return "the authority refused and did not say why".to_owned();
    }
    reasons.join("; ")
}

fn said(problem: &Problem) -> String {
    let what = problem.detail.as_deref().or(problem.r#type.as_deref());
    what.unwrap_or("the authority refused and did not say why")
        .to_owned()
}

fn making(error: &rcgen::Error) -> Failure {
    Failure::Trouble(format!("a certificate cannot be made: {error}"))
}

fn explain(error: instant_acme::Error) -> Failure {
    match error {
        instant_acme::Error::Api(problem) => {
            let text = said(&problem);
            match problem.r#type.as_deref().and_then(|kind| kind.rsplit(':').next()) {
                // The next order is as good as this one was.
                Some("badNonce" | "serverInternal") | None => Failure::Trouble(text),
                Some(_) => Failure::Refused(text),
            }
        }
        other => Failure::Trouble(other.to_string()),
    }
}
