//! The layers, one over the other.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use super::env::{self, Report};
use super::{Environment, Problem, Source, file, mapped, path, secret, without_value};

/// What the command line gave, by the ids of the arguments.
pub type Given = BTreeMap<String, Vec<OsString>>;

/// A setting as it is.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Id of its argument.
    pub id: String,
    /// Name of its flag, and its key in the file.
    pub name: String,
    /// What it is set to, as the command line would be given it; several where it takes several.
    pub values: Vec<OsString>,
    /// Where that comes from.
    pub source: Source,
    /// Whether its value is not to be shown.
    pub secret: bool,
    /// Whether it takes a value, and is not just there or not.
    pub takes_value: bool,
    /// Whether the value is the name of a file.
    pub names_file: bool,
    /// What it means.
    pub about: String,
}

impl Setting {
    /// The value as it may be shown to an administrator who has no account on the machine, and in a report that is copied to
    /// others: a command may hold a password.
    pub fn shown(&self) -> String {
        match self.values.as_slice() {
            [] => "none".to_owned(),
            _ if self.secret || self.id == "backup_hook" => "(set)".to_owned(),
            values => values
                .iter()
                .map(|value| match path::shown(Path::new(value)) {
                    Some(path) if self.names_file => path,
                    None if self.names_file => "(no such file)".to_owned(),
                    _ => without_login(&value.to_string_lossy()),
                })
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    /// The same for a program: nothing is null, and a switch is true or false.
    pub fn as_json(&self) -> serde_json::Value {
        match self.values.as_slice() {
            [] => serde_json::Value::Null,
            [value] if !self.takes_value => (value == "true").into(),
            _ => self.shown().into(),
        }
    }

    /// The arguments that say the same on a command line.
    pub fn arguments(&self) -> Vec<OsString> {
        let flag = format!("--{}", self.name);
        if !self.takes_value {
            return self
                .values
                .iter()
                .filter(|value| *value == "true")
                .map(|_| flag.clone().into())
                .collect();
        }
        let with = |value: &OsString| {
            let mut argument = OsString::from(format!("{flag}="));
            argument.push(value);
            argument
        };
        self.values.iter().map(with).collect()
    }
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// Every setting that has a usable value or none, in the order of the flags.
    pub settings: Vec<Setting>,
    /// The secrets without a flag that are set, without their values.
    pub secrets: Vec<Setting>,
    /// What is wrong with the others.
    pub problems: Vec<Problem>,
    /// The configuration file, if there is one.
    pub file: Option<PathBuf>,
    /// What became of each variable that is set.
    pub variables: Vec<Report>,
}

impl Configuration {
    /// The setting of an argument.
    pub fn setting(&self, id: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.id == id)
    }

    /// The settings whose file holds a secret of the server.
    pub fn secret_files(&self) -> impl Iterator<Item = &Setting> {
        let holds_secret = |setting: &&Setting| {
            matches!(
                setting.id.as_str(),
                "identity" | "passphrase_file" | "database_url_file" | "tls_key" | "metrics_token_file"
            )
        };
        self.settings.iter().filter(holds_secret)
    }

    /// The problems that matter to who needs only some of the settings.
    pub fn problems_of<'a>(&'a self, needs: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a Problem> {
        self.problems
            .iter()
            .filter(move |problem| problem.setting.as_deref().is_none_or(&needs))
    }
}

/// An address without the user and password in it.
fn without_login(value: &str) -> String {
    let login = value
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1)));
    login.map_or_else(
        || value.to_owned(),
        |(scheme, rest)| format!("{scheme}://…@{rest}"),
    )
}

/// The arguments of `serve` that are settings.
pub fn settings(serve: &Command) -> impl Iterator<Item = &Arg> {
    serve
        .get_arguments()
        .filter(|arg| arg.get_env().is_some() && arg.get_long().is_some())
}

pub(super) fn long(arg: &Arg) -> &str {
    arg.get_long().unwrap_or_default()
}

pub(super) fn variable(arg: &Arg) -> &str {
    arg.get_env().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The comment of its definition.
pub(super) fn about(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    help.map(ToString::to_string).unwrap_or_default()
}

pub(super) fn takes_value(arg: &Arg) -> bool {
    !matches!(arg.get_action(), ArgAction::SetTrue)
}

/// Whether its value is the name of a file.
fn names_file(arg: &Arg) -> bool {
    arg.get_value_names()
        .is_some_and(|names| names.iter().any(|name| name.as_str() == "FILE"))
}

/// The command without the variables of the settings: they are looked up here, where all that is wrong is said at once.
#[must_use]
pub fn without_variables(mut command: Command, settings: &[(String, OsString)]) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, |inner| without_variables(inner, settings));
    }
    let is_setting = |arg: &Arg| {
        settings
            .iter()
            .any(|(id, variable)| arg.get_id() == id.as_str() && arg.get_env() == Some(variable))
    };
    command.mut_args(|arg| {
        if is_setting(&arg) {
            arg.env(Resettable::Reset)
        } else {
            arg
        }
    })
}

/// Resolves every setting of `serve`.
pub fn load(serve: &Command, given: &Given, environment: &Environment) -> Configuration {
    let known: Vec<&Arg> = settings(serve).collect();
    let ids: Vec<(String, OsString)> = known
        .iter()
        .map(|arg| {
            (
                arg.get_id().to_string(),
                arg.get_env().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let mut layers = Layers {
        parser: without_variables(serve.clone(), &ids).no_binary_name(true),
        given,
        environment,
        file: file::Settings::default(),
        problems: Vec::new(),
    };
    // What says where the file is comes first.
    let path = |setting: Option<Setting>| setting.and_then(|setting| setting.values.into_iter().next());
    let mut find = |id: &str| {
        let arg = known.iter().find(|arg| arg.get_id() == id)?;
        path(layers.setting(arg)).map(PathBuf::from)
    };
    let (named, data_dir) = (find("config"), find("data_dir"));
    let data_dir = data_dir.or_else(|| environment.default_data_dir.clone());
    layers.problems.clear();
    layers.file = file::read(
        named.as_deref(),
        data_dir.as_deref(),
        environment,
        &known,
        &mut layers.problems,
    );
    for problem in &mut layers.problems {
        if let Some(arg) = known
            .iter()
            .find(|arg| problem.setting.as_deref() == Some(long(arg)))
        {
            problem.setting = Some(arg.get_id().to_string());
        }
    }
    let mut settings: Vec<Setting> = known.iter().filter_map(|arg| layers.setting(arg)).collect();
    if let Some(setting) = settings
        .iter_mut()
        .find(|setting| setting.id == "data_dir" && setting.values.is_empty())
    {
        setting
            .values
            .extend(environment.default_data_dir.clone().map(OsString::from));
    }
    let secrets = secret::set(environment, &mut layers.problems);
    // What a secret is wrong for is no setting: whoever uses it would say the same again.
    settings.retain(|setting| {
        let wrong = |problem: &Problem| problem.setting.as_ref() == Some(&setting.id);
        !layers.problems.iter().any(wrong)
    });
    let variables = env::report(environment, env::variables(serve), &settings);
    Configuration {
        settings,
        secrets,
        problems: layers.problems,
        file: layers.file.path,
        variables,
    }
}

struct Layers<'a> {
    parser: Command,
    given: &'a Given,
    environment: &'a Environment,
    file: file::Settings,
    problems: Vec<Problem>,
}

impl Layers<'_> {
    /// A setting from the first layer that gives it; nothing when what gives it is wrong.
    fn setting(&mut self, arg: &Arg) -> Option<Setting> {
        let id = arg.get_id().to_string();
        let found = self.find(arg).and_then(|(source, values)| {
            let values = if takes_value(arg) {
                values
            } else {
                vec![OsString::from(switch(&source, &values)?.to_string())]
            };
            self.check(arg, &source, &values)?;
            Ok((source, values))
        });
        match found {
            Ok((source, values)) => Some(Setting {
                id,
                name: long(arg).to_owned(),
                values,
                source,
                secret: arg.is_hide_env_values_set(),
                takes_value: takes_value(arg),
                names_file: names_file(arg),
                about: about(arg),
            }),
            Err(problem) => {
                self.problems.push(problem.of(&id));
                None
            }
        }
    }

    fn find(&self, arg: &Arg) -> Result<(Source, Vec<OsString>), Problem> {
        let id = arg.get_id().as_str();
        if let Some(values) = self.given.get(id) {
            return Ok((Source::Flag(format!("--{}", long(arg))), values.clone()));
        }
        if let Some(found) = self.said(arg)? {
            return Ok(found);
        }
        if let Some((source, value)) = mapped::said(id, self.environment)? {
            return Ok((source, vec![value]));
        }
        if let (Some(path), Some(values)) = (&self.file.path, self.file.values.get(long(arg))) {
            let source = Source::Key {
                path: path.clone(),
                key: long(arg).to_owned(),
            };
            return Ok((source, values.clone()));
        }
        let default = arg.get_default_values().iter().map(OsString::from);
        let default = if takes_value(arg) {
            default.collect()
        } else {
            vec!["false".into()]
        };
        Ok((Source::Default, default))
    }

    /// What the variable of an argument says, or what stands in its place.
    fn said(&self, arg: &Arg) -> Result<Option<(Source, Vec<OsString>)>, Problem> {
        let name = variable(arg);
        if names_file(arg) {
            let said = self.environment.file_said(name)?;
            return Ok(said.map(|(source, value)| (source, vec![value])));
        }
        // A path need not be text.
        if !self.environment.is_replaced(name)
            && let Some(value) = self.environment.get(name)
        {
            return Ok(Some((Source::Variable(name.to_owned()), vec![value])));
        }
        let said = self.environment.said(name, arg.is_hide_env_values_set())?;
        Ok(said.map(|(source, text)| (source, vec![Environment::value(&text)])))
    }

    /// Whether the argument takes these values, by parsing them as its flag.
    fn check(&self, arg: &Arg, source: &Source, values: &[OsString]) -> Result<(), Problem> {
        if !takes_value(arg) {
            return Ok(());
        }
        for value in values {
            if names_file(arg) && path::is_content(&value.to_string_lossy()) {
                return Err(Problem::new(
                    format!("The {source} cannot be used as --{}", long(arg)),
                    "it is what a file holds, not the name of one",
                    "Write it into a file that only the user of the server may read, and name that",
                ));
            }
            let mut argument = OsString::from(format!("--{}=", long(arg)));
            argument.push(value);
            if let Err(error) = self.parser.clone().try_get_matches_from([argument])
                && let Some(reason) = reason(&error)
            {
                let reason = if arg.is_hide_env_values_set() {
                    "it is not in the right form".to_owned()
                } else {
                    without_value(&reason, &value.to_string_lossy())
                };
                return Err(Problem::new(
                    format!("The {source} cannot be used as --{}", long(arg)),
                    reason,
                    format!("{}; `strongroom serve --help` says more", expected(arg)),
                ));
            }
        }
        Ok(())
    }
}

/// Why a value was not taken; nothing when something else was wrong, such as an argument that belongs to another one.
fn reason(error: &clap::Error) -> Option<String> {
    let text = match error.kind() {
        ErrorKind::ValueValidation => error.source().map(ToString::to_string),
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(valid)) if !valid.is_empty() => {
                Some(format!("it is none of {}", valid.join(", ")))
            }
            _ => Some("a value is missing".to_owned()),
        },
        ErrorKind::InvalidUtf8 => Some("it is not text in UTF-8".to_owned()),
        _ => return None,
    };
    Some(text.unwrap_or_else(|| "it is not in the right form".to_owned()))
}

fn expected(arg: &Arg) -> String {
    match arg.get_value_names() {
        Some([name, ..]) => format!("It takes {name}"),
        _ => "Change it".to_owned(),
    }
}

/// Whether a setting without a value is on.
fn switch(source: &Source, values: &[OsString]) -> Result<bool, Problem> {
    let text = values
        .first()
        .map(|value| value.to_string_lossy().to_ascii_lowercase());
    match text.as_deref() {
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some("false" | "0" | "no" | "off") => Ok(false),
        _ => Err(Problem::new(
            format!("The {source} cannot be used"),
            "it is neither true nor false",
            "Set it to one of them",
        )),
    }
}
