//! Looks after certificates in the background: follows the settings and the store, loads files that changed, and has
//! certificates renewed long before they end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shared::model::time::UnixMillis;
use shared::model::tls::{AcmeOrder, TlsMode, TlsSettings};
use tokio::sync::watch;

use super::acme::{self, Failure, Kind};
use super::authority::Authority;
use super::certificate::Served;
use super::front::Front;
use super::leaves::Leaves;
use super::{Tls, locked};
use crate::app::{App, OpenStore};
use crate::domain::tls::{self as kept, Issued};
use crate::domain::{Context, Error};
use crate::store;

/// The directory of whoever names none. It is no text of the admin interface, which names no other origin.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Between two rounds.
const ROUND: Duration = Duration::from_millis(500);

/// Rounds without end, until `stop` says so.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let tls = Arc::clone(app.tls());
    loop {
        round(&app).await;
        tokio::select! {
            () = tokio::time::sleep(ROUND) => {}
            () = tls.wake.notified() => {}
            // An error means that the sender is gone: then it is time to stop as well.
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// One look at everything. The first one comes before the first connection; another one whenever somebody changed settings.
pub async fn round(app: &Arc<App>) {
    let looking = {
        let app = Arc::clone(app);
        tokio::spawn(async move { look(&app).await })
    };
    // On a task of its own, to its end: whoever asked may go away meanwhile, and certificates are looked after in any case.
    if let Err(error) = looking.await {
        tracing::error!(%error, "a look at the certificates broke off; another one follows");
        app.tls().settings_changed();
    }
}

async fn look(app: &Arc<App>) {
    let tls = app.tls();
    let _turn = tls.rounds.lock().await;
    match app.store() {
        Ok(store) => {
            let over = authority_is_over(tls);
            let same = !over && {
                let work = tls.work();
                work.store.as_ptr() == Arc::as_ptr(&store) && !work.changed
            };
            if !same {
                let unread = follow(app, &store).await.err().map(|error| error.to_string());
                if unread.is_some() {
                    // Whoever wants TLS does not get plain HTTP instead.
                    follow_locked(app);
                }
                tell_unread(tls, unread);
            }
        }
        Err(_) => follow_locked(app),
    }
    look_at_files(tls);
    order_next(app);
}

/// Whether the server's own authority has ended while it was in use.
fn authority_is_over(tls: &Tls) -> bool {
    let front = tls.front.load();
    let leaves = front.leaves.as_ref();
    leaves.is_some_and(|leaves| leaves.authority().is_over(tls.now()))
}

/// Says once why the settings cannot be read, however often that is tried.
fn tell_unread(tls: &Tls, unread: Option<String>) {
    let mut work = tls.work();
    if let Some(error) = &unread
        && work.unread != unread
    {
        tracing::error!(
            error,
            "the settings of TLS cannot be read; what there is is served on"
        );
    }
    work.unread = unread;
}

/// Takes over what an open store says.
async fn follow(app: &Arc<App>, store: &Arc<OpenStore>) -> Result<(), Error> {
    let tls = app.tls();
    let another = {
        let mut work = tls.work();
        work.changed = false;
        work.store.as_ptr() != Arc::as_ptr(store)
    };
    let read = read(app, another).await;
    if read.is_err() {
        tls.work().changed = true;
    }
    let (settings, authority, issued) = read?;
    let before = tls.front.load();
    let own = matches!(settings.mode, TlsMode::Internal | TlsMode::Acme);
    let leaves = match (authority, own) {
        (Some(leaves), true) => Some(leaves),
        _ => None,
    };
    let mut front = Front {
        leaves,
        locked: app.data_dir().and_then(|data_dir| {
            if own {
                return locked_certificate(tls, data_dir);
            }
            if let Err(error) = locked::remove(data_dir) {
                tracing::warn!(%error, "the certificate of the locked server could not be removed");
            }
            None
        }),
        files: before.files.clone().filter(|_| settings.mode == TlsMode::Files),
        ..Front::default()
    };
    let now = tls.now();
    {
        let mut work = tls.work();
        if another {
            work.issued = issued;
        }
        if another || before.settings != settings {
            work.orders.clear();
            work.refusals.clear();
        }
        work.store = Arc::downgrade(store);
        if settings.mode == TlsMode::Acme {
            front.acme = usable(&work.issued, &settings);
        }
        let wanted = settings
            .acme
            .domains
            .iter()
            .filter(|_| settings.mode == TlsMode::Acme);
        for domain in wanted {
            let next_at = front
                .acme
                .get(domain)
                .map_or(now, |served| served.facts.renew_at());
            work.orders.entry(domain.clone()).or_insert_with(|| AcmeOrder {
                domain: domain.clone(),
                attempted_at: None,
                error: None,
                failures: 0,
                next_at,
            });
        }
    }
    if before.settings.mode != settings.mode || (another && settings.mode != TlsMode::Off) {
        tracing::info!(mode = settings.mode.as_str(), "TLS");
    }
    front.settings = settings;
    tls.front.store(Arc::new(front));
    Ok(())
}

type Read = (TlsSettings, Option<Arc<Leaves>>, BTreeMap<String, Issued>);

async fn read(app: &Arc<App>, another: bool) -> Result<Read, Error> {
    let tls = app.tls();
    let (chosen, there, issued) = app
        .read(|cx: &mut Context| Ok((kept::settings(cx)?, kept::authority(cx)?, kept::certificates(cx)?)))
        .await?;
    let mut settings = tls.flags.settings.clone().or(chosen).unwrap_or_default();
    if settings.acme.directory.is_empty() {
        LETS_ENCRYPT.clone_into(&mut settings.acme.directory);
    }
    let present = tls.front.load().leaves.clone();
    let present = present.filter(|_| !another && !authority_is_over(tls));
    if present.is_some() || !matches!(settings.mode, TlsMode::Internal | TlsMode::Acme) {
        return Ok((settings, present, issued));
    }
    let there = match there {
        Some(pem) => Some((Authority::open(&pem).map_err(|error| unavailable(&error))?, pem)),
        None => None,
    };
    let authority = match there {
        Some((authority, _)) if !authority.is_over(tls.now()) => authority,
        before => {
            let before = before.map(|(over, pem)| {
                let until = over.facts().not_after;
                tracing::warn!(%until, "the server's own authority is over: devices have to trust a new one");
                pem
            });
            let made = Authority::create(tls.now()).map_err(|error| unavailable(&error))?;
            let kept = app
                .write(move |cx| kept::keep_authority(cx, &made, before.as_ref()))
                .await?;
            Authority::open(&kept).map_err(|error| unavailable(&error))?
        }
    };
    tracing::info!(
        fingerprint = authority.facts().fingerprint,
        name = authority.facts().name,
        "the server's own authority"
    );
    Ok((settings, Some(Arc::new(Leaves::new(authority))), issued))
}

fn unavailable(error: &dyn std::fmt::Display) -> Error {
    Error::Store(store::Error::Unavailable(error.to_string()))
}

/// The certificates that can be served under the settings.
fn usable(issued: &BTreeMap<String, Issued>, settings: &TlsSettings) -> BTreeMap<String, Arc<Served>> {
    let mut usable = BTreeMap::new();
    for (domain, issued) in issued {
        if issued.directory != settings.acme.directory || !settings.acme.domains.contains(domain) {
            continue;
        }
        match Served::from_pem(&issued.pem.chain, &issued.pem.key) {
            Ok(served) => {
                usable.insert(domain.clone(), Arc::new(served));
            }
            Err(error) => tracing::error!(domain, %error, "a certificate that is kept cannot be served"),
        }
    }
    usable
}

/// Without a store, or with one that cannot be read, only flags count, and whether a certificate for this case lies in the data directory: then TLS was chosen
/// on the page, and a browser must not be left with plain HTTP.
fn follow_locked(app: &App) {
    let tls = app.tls();
    let front = tls.front.load();
    let begun = front.locked.is_some() || front.leaves.is_some() || front.files.is_some();
    let Some(data_dir) = app.data_dir().filter(|_| !begun) else {
        return;
    };
    let settings = match &tls.flags.settings {
        Some(settings) => settings.clone(),
        None if locked::is_there(data_dir) => TlsSettings {
            mode: TlsMode::Internal,
            ..TlsSettings::default()
        },
        None => return,
    };
    if settings.mode == TlsMode::Off {
        return;
    }
    let own = matches!(settings.mode, TlsMode::Internal | TlsMode::Acme);
    let locked = own.then(|| locked_certificate(tls, data_dir)).flatten();
    if let Some(locked) = &locked {
        tracing::warn!(
            fingerprint = locked.facts.fingerprint,
            "until the store is open and can be read, this certificate is served"
        );
    }
    tls.front.store(Arc::new(Front {
        settings,
        locked,
        ..Front::default()
    }));
}

fn locked_certificate(tls: &Tls, data_dir: &crate::app::data_dir::DataDir) -> Option<Arc<Served>> {
    match locked::load_or_create(data_dir, tls.now()) {
        Ok(served) => Some(served),
        Err(error) => {
            tracing::error!(%error, "there is no certificate for a locked server");
            None
        }
    }
}

fn look_at_files(tls: &Tls) {
    let front = tls.front.load();
    let Some(pair) = tls
        .flags
        .files
        .as_ref()
        .filter(|_| front.settings.mode == TlsMode::Files)
    else {
        return;
    };
    let Some(looked) = tls.work().files.look(pair) else {
        return;
    };
    match looked {
        Ok(served) => {
            tracing::info!(
                fingerprint = served.facts.fingerprint,
                until = %served.facts.not_after,
                "the certificate from files is served"
            );
            tls.front.store(Arc::new(Front {
                settings: front.settings.clone(),
                files: Some(Arc::new(served)),
                ..Front::default()
            }));
        }
        Err(reason) => {
            tracing::error!(
                reason,
                "the certificate files cannot be used; those of before are served on"
            );
        }
    }
}

/// Begins the next order that is due, if none is under way.
fn order_next(app: &Arc<App>) {
    let tls = app.tls();
    let settings = tls.front.load().settings.clone();
    let now = tls.now();
    let (domain, kind) = {
        let mut work = tls.work();
        if work.ordering || settings.mode != TlsMode::Acme {
            return;
        }
        let due = work.orders.values_mut().find(|order| is_due(order, now));
        let Some(order) = due else {
            return;
        };
        order.attempted_at = Some(now);
        let domain = order.domain.clone();
        work.ordering = true;
        let kinds = kinds(tls);
        let took = work.took.get(&domain).copied().unwrap_or_default();
        let refusals = work.refusals.get(&domain).copied().unwrap_or_default();
        (domain, kinds[(took + refusals) % kinds.len()])
    };
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let tls = app.tls();
        let ordered = {
            let (app, acme, domain) = (Arc::clone(&app), settings.acme.clone(), domain.clone());
            tokio::spawn(async move { acme::order(&app, &app.tls().challenges, &acme, &domain, kind).await })
        };
        // An order that breaks off must not be the last one.
        let outcome = ordered
            .await
            .unwrap_or_else(|error| Err(Failure::Trouble(format!("the attempt broke off: {error}"))));
        note(&app, &settings, &domain, kind, outcome).await;
        tls.work().ordering = false;
        tls.wake.notify_one();
    });
}

/// Whether it is time. A pause after a failure says nothing any more when the clock was set back since.
fn is_due(order: &AcmeOrder, now: UnixMillis) -> bool {
    let set_back = order.error.is_some() && order.attempted_at.is_some_and(|attempted| attempted > now);
    order.next_at <= now || set_back
}

/// The kinds of challenges that can be met. When one is refused, the next one has its turn.
fn kinds(tls: &Tls) -> &'static [Kind] {
    if tls.flags.http_port {
        &[Kind::TlsAlpn, Kind::Http]
    } else {
        &[Kind::TlsAlpn]
    }
}

async fn note(
    app: &Arc<App>,
    settings: &TlsSettings,
    domain: &str,
    kind: Kind,
    outcome: Result<(Issued, Served), Failure>,
) {
    let tls = app.tls();
    if tls.front.load().settings != *settings {
        // Something else was chosen meanwhile.
        return;
    }
    let now = tls.now();
    match outcome {
        Ok((issued, served)) => {
            let facts = served.facts;
            tracing::info!(
                domain,
                issuer = facts.issuer,
                until = %facts.not_after,
                "there is a new certificate"
            );
            let (name, wanted) = (domain.to_owned(), settings.acme.domains.clone());
            let (keep, fingerprint) = (issued.clone(), facts.fingerprint.clone());
            let stored = app
                .write(move |cx| kept::keep_certificate(cx, &name, &keep, &wanted, &fingerprint))
                .await;
            if let Err(error) = stored {
                tracing::error!(domain, %error, "the new certificate is served, but could not be stored");
            }
            let mut work = tls.work();
            work.issued.insert(domain.to_owned(), issued);
            work.changed = true;
            let took = kinds(tls).iter().position(|one| *one == kind).unwrap_or_default();
            work.took.insert(domain.to_owned(), took);
            work.refusals.remove(domain);
            if let Some(order) = work.orders.get_mut(domain) {
                order.error = None;
                order.failures = 0;
                order.next_at = facts.renew_at();
            }
        }
        Err(failure) => {
            let mut work = tls.work();
            let refused = matches!(failure, Failure::Refused(_));
            let refusals = work.refusals.entry(domain.to_owned()).or_default();
            *refusals += usize::from(refused);
            let refusals = *refusals;
            let Some(order) = work.orders.get_mut(domain) else {
                return;
            };
            order.failures = order.failures.saturating_add(1);
            order.error = Some(format!("{failure} ({})", kind.as_str()));
            let pause = if refused {
                after_refusals(refusals, kinds(tls).len())
            } else {
                after_trouble(order.failures)
            };
            order.next_at = now.plus_seconds(pause);
            tracing::error!(
                domain,
                challenge = kind.as_str(),
                reason = %failure,
                attempts = order.failures,
                again = %order.next_at,
                "no certificate could be had; what there is is served on"
            );
        }
    }
}

/// Seconds until the next attempt after an authority said no. It counts refusals, and shuts out who has too many of them. When
/// there is another kind of challenge, that one has its turn at once.
fn after_refusals(refusals: usize, kinds: usize) -> i64 {
    if !refusals.is_multiple_of(kinds) {
        return 5;
    }
    doubled(60, 4, refusals / kinds, 6 * 60 * 60)
}

/// The same after it could not be asked.
fn after_trouble(failures: u32) -> i64 {
    doubled(5, 2, failures as usize, 10 * 60)
}

fn doubled(first: i64, base: i64, times: usize, most: i64) -> i64 {
    let times = u32::try_from(times).unwrap_or(u32::MAX).saturating_sub(1);
    first.saturating_mul(base.saturating_pow(times)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_stops_no_renewal() {
        let now = UnixMillis(1_800_000_000_000);
        let order = |attempted: i64, next: i64, error: Option<&str>| AcmeOrder {
            domain: "a.example".into(),
            attempted_at: Some(now.plus_seconds(attempted)),
            error: error.map(str::to_owned),
            failures: 1,
            next_at: now.plus_seconds(next),
        };
        assert!(!is_due(&order(-5, 5, Some("refused")), now));
        assert!(is_due(&order(-5, 0, Some("refused")), now));
        // It failed because the clock was a year ahead.
        assert!(is_due(&order(31_536_000, 31_536_005, Some("expired")), now));
        // What there is lasts.
        assert!(!is_due(&order(31_536_000, 31_536_005, None), now));
    }

    #[test]
    fn the_more_failures_the_longer_the_pause() {
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 40].map(after_trouble),
            [5, 10, 20, 40, 80, 160, 600]
        );
        let refused = |kinds| [1, 2, 3, 4, 5, 6, 40].map(|refusals| after_refusals(refusals, kinds));
        assert_eq!(refused(1), [60, 240, 960, 3_840, 15_360, 21_600, 21_600]);
        assert_eq!(refused(2), [5, 60, 5, 240, 5, 960, 21_600]);
    }
}
