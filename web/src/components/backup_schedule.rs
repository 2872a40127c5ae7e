//! When backups are made by themselves, and how many are kept.

use leptos::prelude::*;
use shared::model::backups::{BackupsAct, Schedule};

use super::announcer::Announcements;
use super::button::Button;
use super::field::Field;
use super::focus::focus_next;
use super::icon::Icon;
use super::password_dialog::PasswordDialog;
use super::select::Select;
use crate::api::error::Error;
use crate::backups::AllBackups;
use crate::problem::Problem;
use crate::words::count_of;

/// Expressions with a name of their own.
const PRESETS: [(&str, &str); 3] = [
    ("0 3 * * *", "Every night at 03:00 UTC"),
    ("0 3 * * 7", "Every Sunday at 03:00 UTC"),
    ("0 */6 * * *", "Every six hours"),
];
/// Values of the choice that are no expressions.
const OWN: &str = "own";
const OFF: &str = "off";

/// The panel.
#[component]
pub fn BackupSchedule(
    /// Everything.
    backups: AllBackups,
) -> impl IntoView {
    let schedule = backups.part(|backups| Some(backups.schedule.clone()));
    let changing = RwSignal::new(None::<Schedule>);
    view! {
        <section class="panel" aria-labelledby="schedule-heading">
            <div class="panel-head">
                <h2 id="schedule-heading">"Schedule"</h2>
                <Button
                    label="Change schedule"
                    icon=Icon::Pencil
                    on_press=move |()| changing.set(schedule.get_untracked())
                />
            </div>
            {move || {
                schedule
                    .get()
                    .map(|schedule| {
                        let own = schedule.cron.clone().filter(|cron| name_of(cron).is_none());
                        let made = match (&schedule.cron, own) {
                            (None, _) => view! { "Never by itself" }.into_any(),
                            (_, Some(own)) => view! { "By the expression " <code>{own}</code> ", in UTC" }.into_any(),
                            (Some(cron), None) => name_of(cron).into_any(),
                        };
                        view! {
                            <dl class="facts">
                                <dt>"Made"</dt>
                                <dd>{made}</dd>
                                <dt>"Kept"</dt>
                                <dd>{kept(&schedule)}</dd>
                            </dl>
                        }
                    })
            }}
        </section>
        {move || {
            changing
                .get()
                .map(|schedule| {
                    view! { <ScheduleDialog backups schedule on_close=move |()| changing.set(None) /> }
                })
        }}
    }
}

#[component]
fn ScheduleDialog(
    backups: AllBackups,
    schedule: Schedule,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    let announcements = Announcements::current();
    let preset = RwSignal::new(match &schedule.cron {
        None => OFF.to_owned(),
        Some(cron) if name_of(cron).is_some() => cron.clone(),
        Some(_) => OWN.to_owned(),
    });
    let expression = RwSignal::new(schedule.cron.unwrap_or_else(|| PRESETS[0].0.to_owned()));
    let (daily, weekly, monthly) = (
        RwSignal::new(schedule.daily.to_string()),
        RwSignal::new(schedule.weekly.to_string()),
        RwSignal::new(schedule.monthly.to_string()),
    );
    let refused = RwSignal::new(None::<(&'static str, String)>);
    let of = move |field: &'static str| {
        Signal::derive(move || {
            refused
                .get()
                .filter(|(at, _)| *at == field)
                .map(|(_, reason)| reason)
        })
    };
    let options = PRESETS
        .iter()
        .copied()
        .chain([(OWN, "By an expression of your own"), (OFF, "Never by itself")])
        .map(|(value, text)| (value.to_owned(), text.to_owned()))
        .collect::<Vec<_>>();
    // What was entered, or the field that cannot be read.
    let entered = move || {
        let number = |field: &'static str, typed: RwSignal<String>| {
            let parsed = typed.get_untracked().trim().parse::<u32>();
            parsed.map_err(|_| (field, "must be a whole number, 0 or more".to_owned()))
        };
        let cron = match preset.get_untracked().as_str() {
            OFF => None,
            OWN => Some(expression.get_untracked().trim().to_owned()),
            cron => Some(cron.to_owned()),
        };
        Ok(Schedule {
            cron,
            daily: number("daily", daily)?,
            weekly: number("weekly", weekly)?,
            monthly: number("monthly", monthly)?,
        })
    };
    let save = move |password| {
        refused.set(None);
        let entered = entered();
        async move {
            let at_field = |(field, reason): (&'static str, String)| {
                refused.try_set(Some((field, reason)));
                focus_next(format!("schedule-{field}"));
                Problem::local(
                    "The schedule was not changed",
                    "What was entered in a field above was refused.",
                    "Change it and try again.",
                )
            };
            let schedule = entered.map_err(at_field)?;
            match backups.act(BackupsAct::Schedule { schedule }, password).await {
                Ok(message) => {
                    announcements.say(message);
                    Ok(())
                }
                Err(error) => Err(match field_of(&error) {
                    Some(refusal) => at_field(refusal),
                    None => Problem::new("The schedule was not changed", &error),
                }),
            }
        }
    };
    view! {
        <PasswordDialog title="Change schedule" action=save on_close>
            <Select id="schedule-preset" label="Backups are made" value=preset options />
            <Show when=move || preset.with(|preset| preset == OWN)>
                <Field
                    id="schedule-cron"
                    label="Cron expression"
                    value=expression
                    code=true
                    hint=Signal::stored("Minute, hour, day, month, weekday, in UTC. At least an hour apart.".to_owned())
                    refused=of("cron")
                />
            </Show>
            <Show when=move || preset.with(|preset| preset == OFF)>
                <p class="notice notice-warning">
                    "Then somebody has to make them. What was entered since the last one is lost with the machine."
                </p>
            </Show>
            <fieldset class="form">
                <legend class="field-label">"Of each of so many, the newest backup is kept"</legend>
                <div class="numbers">
                    <Field id="schedule-daily" label="Days" kind="number" value=daily refused=of("daily") />
                    <Field id="schedule-weekly" label="Weeks" kind="number" value=weekly refused=of("weekly") />
                    <Field id="schedule-monthly" label="Months" kind="number" value=monthly refused=of("monthly") />
                </div>
            </fieldset>
        </PasswordDialog>
    }
}

/// The field that the server refused, if it is one of this form.
fn field_of(error: &Error) -> Option<(&'static str, String)> {
    ["cron", "daily", "weekly", "monthly"]
        .into_iter()
        .find_map(|field| Some((field, error.of_field(field)?)))
}

/// The name of an expression that has one. The days of the week may be counted from 0 or to 7.
fn name_of(cron: &str) -> Option<&'static str> {
    let cron = if cron == "0 3 * * 0" { "0 3 * * 7" } else { cron };
    let found = PRESETS.iter().find(|(preset, _)| *preset == cron);
    found.map(|(_, name)| *name)
}

fn kept(schedule: &Schedule) -> String {
    let kept = [
        (schedule.daily, "day"),
        (schedule.weekly, "week"),
        (schedule.monthly, "month"),
    ];
    let kept: Vec<String> = kept
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| count_of(count, noun))
        .collect();
    format!(
        "The newest of each of {}, and always the last three",
        kept.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::error::Kind;

    #[test]
    fn a_schedule_in_words() {
        assert_eq!(name_of("0 3 * * *"), Some("Every night at 03:00 UTC"));
        assert_eq!(name_of("0 3 * * 0"), name_of("0 3 * * 7"));
        assert_eq!(name_of("5 4 * * *"), None);
        let schedule = Schedule {
            weekly: 1,
            monthly: 0,
            ..Schedule::default()
        };
        assert!(
            kept(&schedule).contains("of 7 days, 1 week, and"),
            "{}",
            kept(&schedule)
        );
    }

    #[test]
    fn a_refusal_finds_its_field() {
        let with = |field: &str| Error {
            kind: Kind::Refused,
            message: String::new(),
            request_id: None,
            fields: vec![(field.to_owned(), "never comes true".to_owned())],
        };
        assert_eq!(
            field_of(&with("cron")),
            Some(("cron", "never comes true".to_owned()))
        );
        assert_eq!(field_of(&with("password")), None);
    }
}
