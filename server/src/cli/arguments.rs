//! Arguments over what else configures a command that works on the server's data.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use super::Cli;
use super::failure::{Failure, code};
use super::operator::DataDirArgs;
use crate::config::{self, Configuration, Environment, Given, Problem};
use crate::observe::process;

/// What the arguments come to.
pub(super) struct Arguments {
    /// The parsed command, with the settings it shares with `serve`.
    pub cli: Cli,
    /// Every setting; nothing for a client command.
    pub configuration: Option<Configuration>,
    /// Those of its problems that matter to this command.
    pub problems: Vec<Problem>,
}

/// Why there are none.
pub(super) enum Refused {
    /// The command line is wrong, or asks for help.
    Usage(clap::Error),
    /// Something else.
    Failure(Failure),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

/// Those that only say where to find the others, or how to go on without them.
const FIRST: [&str; 5] = [
    "config",
    "data_dir",
    "listen",
    "fail_if_locked",
    "fail_if_misconfigured",
];

/// Parses a command line. For a command that works on the server's data, whatever the command line leaves open comes from the
/// other places of the configuration.
pub(super) fn parse(arguments: &[OsString]) -> Result<Arguments, Refused> {
    let program = Cli::command();
    let Some(serve) = program.find_subcommand("serve") else {
        return Err(Failure::new("There is no server in this program").into());
    };
    let settings: Vec<(String, OsString)> = config::load::settings(serve)
        .map(|arg| {
            (
                arg.get_id().to_string(),
                arg.get_env().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let bare = config::load::without_variables(program.clone(), &settings);
    let matches = match bare.clone().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        // Help names the variables as well.
        Err(error) if !error.use_stderr() => {
            return Err(program
                .clone()
                .try_get_matches_from(arguments)
                .err()
                .unwrap_or(error)
                .into());
        }
        Err(error) => return Err(error.into()),
    };
    let (leaf, given) = leaf(&program, &matches);
    if leaf.get_arguments().all(|arg| arg.get_id() != "data_dir") {
        // It shares names of variables with `serve` at most, and looks them up itself.
        let matches = program.clone().try_get_matches_from(arguments)?;
        return Ok(Arguments {
            cli: Cli::from_arg_matches(&matches)?,
            configuration: None,
            problems: Vec::new(),
        });
    }
    process::hide_secrets(config::env::secrets()).map_err(|error| {
        Failure::new("The secrets among the environment variables cannot be hidden")
            .because(error.to_string())
    })?;
    let shared = |id: &str| {
        let variable = |command: &Command| {
            let arg = command.get_arguments().find(|arg| arg.get_id() == id)?;
            arg.get_env().map(std::ffi::OsStr::to_owned)
        };
        variable(leaf).is_some_and(|found| variable(serve) == Some(found))
    };
    let given: Given = given_of(leaf, given, shared);
    let environment = Environment::of_process(DataDirArgs::default().path().ok());
    let mut configuration = config::load(serve, &given, &environment);
    let (cli, contradiction) = complete(&bare, arguments, &configuration, |id| {
        shared(id) && !given.contains_key(id)
    })?;
    configuration.problems.extend(contradiction);
    let problems = configuration.problems_of(shared).cloned().collect();
    Ok(Arguments {
        cli,
        configuration: Some(configuration),
        problems,
    })
}

/// The innermost command that was given, and what was given to it.
fn leaf<'a>(program: &'a Command, matches: &'a ArgMatches) -> (&'a Command, &'a ArgMatches) {
    let (mut command, mut matches) = (program, matches);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else {
            break;
        };
        (command, matches) = (found, inner);
    }
    (command, matches)
}

/// The settings on the command line.
fn given_of(leaf: &Command, matches: &ArgMatches, is_setting: impl Fn(&str) -> bool) -> Given {
    leaf.get_arguments()
        .filter(|arg| is_setting(arg.get_id().as_str()))
        .filter(|arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine))
        .map(|arg| {
            let id = arg.get_id().as_str();
            let values = match arg.get_action() {
                ArgAction::SetTrue => vec!["true".into()],
                _ => matches
                    .get_raw(id)
                    .into_iter()
                    .flatten()
                    .map(OsString::from)
                    .collect(),
            };
            (id.to_owned(), values)
        })
        .collect()
}

/// Parses once more, with what is configured elsewhere in place. When arguments contradict each other, those that tell how to
/// go on are kept.
fn complete(
    bare: &Command,
    arguments: &[OsString],
    configuration: &Configuration,
    lacks: impl Fn(&str) -> bool,
) -> Result<(Cli, Option<Problem>), Refused> {
    let with = |wanted: &dyn Fn(&str) -> bool| {
        let more = configuration
            .settings
            .iter()
            .filter(|setting| setting.source != config::Source::Default)
            .filter(|setting| lacks(&setting.id) && wanted(&setting.id))
            .flat_map(config::load::Setting::arguments);
        // What follows two dashes is no argument of ours.
        let end = arguments
            .iter()
            .position(|argument| argument == "--")
            .unwrap_or(arguments.len());
        let (before, after) = arguments.split_at(end);
        let all: Vec<OsString> = before
            .iter()
            .cloned()
            .chain(more)
            .chain(after.iter().cloned())
            .collect();
        bare.clone()
            .try_get_matches_from(all)
            .and_then(|matches| Cli::from_arg_matches(&matches))
    };
    let error = match with(&|_| true) {
        Ok(cli) => return Ok((cli, None)),
        Err(error) => error,
    };
    let said = error.to_string();
    let said = said.lines().next().unwrap_or_default();
    let problem = Problem::new(
        "The settings do not fit together",
        said.trim_start_matches("error: "),
        "`strongroom config` shows where each comes from",
    );
    let cli = with(&|id| FIRST.contains(&id)).or_else(|_| with(&|_| false))?;
    Ok((cli, Some(problem)))
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::new(problem.what)
            .because(problem.reason)
            .advise(problem.next)
            .with_code(code::MISCONFIGURED)
    }
}

/// All problems in one failure, for a command that cannot go on with any.
pub fn misconfigured(problems: &[Problem]) -> Failure {
    let failure = match problems {
        [problem] => problem.clone().into(),
        several => Failure::new(format!("The configuration has {} problems", several.len()))
            .because(numbered(several))
            .advise("`strongroom config` shows every setting, and where it comes from"),
    };
    failure.with_code(code::MISCONFIGURED)
}

/// Problems as a numbered list.
pub fn numbered(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .enumerate()
        .map(|(index, problem)| format!("{}. {problem}", index + 1))
        .collect();
    lines.join("\n")
}
