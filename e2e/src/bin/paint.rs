//! Measures the pages in a real browser, for `cargo xtask bench`: prints one JSON object of milliseconds, each the median of
//! several visits on loopback.

use std::io::Write as _;

use anyhow::Result;
use e2e::instance::Instance;
use e2e::server::Server;
use e2e::visit::Chromium;
use serde_json::json;

const VISITS: usize = 5;

/// Clicks on a link and waits until a heading says that its page is there; the time is the browser's own.
const CHANGE: &str = "async ([link, heading]) => {
    const there = () => [...document.querySelectorAll('h1')].some(h => h.textContent.trim() === heading);
    const from = [...document.querySelectorAll('a')].find(a => a.textContent.trim() === link && a.offsetParent);
    const begun = performance.now();
    from.click();
    while (!there()) {
        if (performance.now() - begun > 10000) throw new Error('no ' + heading);
        await new Promise(requestAnimationFrame);
    }
    await new Promise(requestAnimationFrame);
    return performance.now() - begun;
}";

/// When the largest part of the page, the form, was painted: the module was loaded and had started.
const LARGEST: &str = "() => new Promise(resolve => new PerformanceObserver(list => {
    resolve(list.getEntries().at(-1).startTime);
}).observe({ type: 'largest-contentful-paint', buffered: true }))";

#[tokio::main]
async fn main() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    Instance::set_up(server.address)?;
    let chromium = Chromium::start().await?;
    let (mut paint, mut usable, mut change) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..VISITS {
        // A profile of its own each time: nothing is in a cache.
        let visit = chromium.visitor().await?;
        visit.go(&format!("{}/login", server.url())).await?;
        visit.shows(visit.heading("Log in")).await?;
        let script = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime";
        paint.push(visit.page.evaluate::<(), f64>(script, None).await?);
        usable.push(visit.page.evaluate::<(), f64>(LARGEST, None).await?);
        visit.log_in().await?;
        visit.shows(visit.heading("Projects")).await?;
        for step in [["Account", "Account"], ["Projects", "Projects"]] {
            change.push(visit.page.evaluate::<[&str; 2], f64>(CHANGE, Some(&step)).await?);
        }
    }
    let measured = json!({
        "firstPaint": median(paint),
        "usable": median(usable),
        "routeChange": median(change),
    });
    writeln!(std::io::stdout(), "{measured}")?;
    chromium.end().await?;
    server.stop()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
