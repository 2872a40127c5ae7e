//! Values: shown, hidden again, and copied.

use anyhow::{Result, ensure};
use e2e::visit::Visit;

use super::clipboard;
use crate::stage::show;

const PEM: &str = "-----BEGIN KEY-----\n  abc\n-----END KEY-----";

/// What waits for half a minute or longer waits until [`half_a_minute_passes`].
async fn stop_the_clock(visit: &Visit) -> Result<()> {
    let script = "() => { const wait = window.setTimeout, forget = window.clearTimeout, late = new Map(); \
        window.setTimeout = (then, time, ...rest) => { \
            if (!(time >= 30000)) return wait.call(window, then, time, ...rest); \
            const id = wait.call(window, () => {}, 2 ** 30); \
            late.set(id, () => then(...rest)); \
            return id; }; \
        window.clearTimeout = id => { late.delete(id); forget.call(window, id); }; \
        window.strike = () => { const due = [...late.values()]; late.clear(); \
            for (const then of due) then(); return due.length; }; \
        return true; }";
    let _: bool = visit.page.evaluate(script, None::<&()>).await?;
    Ok(())
}

async fn half_a_minute_passes(visit: &Visit) -> Result<()> {
    let due: u32 = visit.page.evaluate("() => window.strike()", None::<&()>).await?;
    ensure!(due > 0, "nothing waits");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_copied_unseen_and_hidden_again() -> Result<()> {
    show(
        &[("ALPHA", "first value"), ("TLS_KEY", PEM)],
        async |stage, visit| {
            visit.shows(visit.button("Copy ALPHA")).await?;
            stop_the_clock(visit).await?;
            let shown = visit.page.locator("pre.plain");
            visit.press("Copy ALPHA").await?;
            visit.says("Copied ALPHA").await?;
            assert_eq!(shown.count().await?, 0);
            assert_eq!(clipboard(visit).await?, "first value");
            half_a_minute_passes(visit).await?;
            visit.says("The clipboard was cleared").await?;
            assert_eq!(clipboard(visit).await?, "");

            // What somebody else put there is left alone.
            let put = "() => navigator.clipboard.writeText('mine').then(() => true)";
            visit.press("Copy ALPHA").await?;
            visit.says("Copied ALPHA").await?;
            let _: bool = visit.page.evaluate(put, None::<&()>).await?;
            half_a_minute_passes(visit).await?;
            tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
            assert_eq!(clipboard(visit).await?, "mine");

            // After half a minute a value is hidden.
            visit.press("Reveal ALPHA").await?;
            visit.shows(shown.first()).await?;
            half_a_minute_passes(visit).await?;
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
