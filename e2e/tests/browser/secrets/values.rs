//! Values: shown, hidden again, and copied.

use anyhow::{Result, ensure};
use e2e::visit::Visit;

use super::clipboard;
use crate::stage::show;

const PEM: &str = "-----BEGIN KEY-----\n  abc\n-----END KEY-----";

/// What waits for half a minute or longer waits for a moment.
async fn hurry(visit: &Visit) -> Result<()> {
    let script = "() => { const real = window.setTimeout; \
        window.setTimeout = (then, wait, ...rest) => real(then, wait >= 30000 ? 500 : wait, ...rest); return true; }";
    let _: bool = visit.page.evaluate(script, None::<&()>).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_copied_unseen_and_hidden_again() -> Result<()> {
    show(
        &[("ALPHA", "first value"), ("TLS_KEY", PEM)],
        async |stage, visit| {
            visit.shows(visit.button("Copy ALPHA")).await?;
            hurry(visit).await?;
            let shown = visit.page.locator("pre.plain");
            visit.press("Copy ALPHA").await?;
            visit.says("Copied ALPHA").await?;
            assert_eq!(shown.count().await?, 0);
            let copied = clipboard(visit).await?;
            ensure!(copied == "first value" || copied.is_empty(), "{copied}");
            visit.says("The clipboard was cleared").await?;
            assert_eq!(clipboard(visit).await?, "");

            // What somebody else put there is left alone.
            let put = "() => navigator.clipboard.writeText('mine').then(() => true)";
            visit.press("Copy ALPHA").await?;
            visit.says("Copied ALPHA").await?;
            let _: bool = visit.page.evaluate(put, None::<&()>).await?;
            tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
            assert_eq!(clipboard(visit).await?, "mine");

            // After half a minute, which hurries here, a value is hidden.
            visit.press("Reveal ALPHA").await?;
            visit.shows(shown.first()).await?;
            visit.gone(shown.first()).await?;

            visit.go(&stage.secrets()).await?;
            visit.press("Reveal TLS_KEY").await?;
            visit.says("PEM · 3 lines").await?;
            let leave = "() => window.dispatchEvent(new Event('blur'))";
            let _: bool = visit.page.evaluate(leave, None::<&()>).await?;
            visit.gone(shown.first()).await?;
            visit.press("Reveal all values").await?;
            visit.shows(shown.nth(1)).await?;
            visit.inspect("53-all-values").await?;
            visit.press("Hide all values").await?;
            visit.gone(shown.first()).await?;
            Ok(())
        },
    )
    .await
}
