//! What is asked of values, and a walk's answer to it.

use klamm_plugin::json::{Found, Need, Paths, Visitor};
use klamm_plugin::{BadParameter, Parameters};

use crate::types::{self, Types};

/// What is asked of the fields.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) paths: Paths,
    /// For each path; `None` if any type will do.
    types: Vec<Option<Types>>,
}

impl Rules {
    /// From `required` and `types`.
    pub(crate) fn of(parameters: &Parameters) -> Result<Rules, BadParameter> {
        let mut rules = Rules { paths: Paths::default(), types: Vec::new() };
        for path in parameters.list("required")?.unwrap_or_default() {
            rules.add(&path, Need::Required, None).map_err(|why| bad("required", &why))?;
        }
        for rule in parameters.list("types")?.unwrap_or_default() {
            let Some((path, types)) = rule.rsplit_once(':') else {
                return Err(bad("types", &format!("{rule:?} isn't of the form field:type")));
            };
            let types = Types::parse(types).map_err(|why| bad("types", &why))?;
            rules.add(path, Need::Optional, Some(types)).map_err(|why| bad("types", &why))?;
        }
        Ok(rules)
    }

    fn add(&mut self, path: &str, need: Need, types: Option<Types>) -> Result<(), String> {
        let number = self.paths.add(path, need).map_err(|error| error.to_string())?;
        if number == self.types.len() {
            self.types.push(None);
        }
        self.types[number] = types.or(self.types[number]);
        Ok(())
    }
}

fn bad(parameter: &str, why: &str) -> BadParameter {
    BadParameter::new(format!("parameter `{parameter}`: {why}"))
}

/// The first thing that a walk finds wrong.
pub(crate) struct Finding<'r> {
    rules: &'r Rules,
    pub(crate) reason: Option<String>,
}

impl<'r> Finding<'r> {
    pub(crate) fn by(rules: &'r Rules) -> Finding<'r> {
        Finding { rules, reason: None }
    }
}

impl Visitor for Finding<'_> {
    fn found(&mut self, found: &Found<'_>) {
        let Some(types) = self.rules.types[found.path] else { return };
        if self.reason.is_none() && !types.allow(found) {
            let field = self.rules.paths.text(found.path);
            let (is, should) = (types::spoken(found), types.spoken());
            self.reason = Some(format!("field \"{field}\" is {is}, not {should}"));
        }
    }

    fn missing(&mut self, path: usize) {
        if self.reason.is_none() {
            self.reason = Some(format!("field \"{}\" is missing", self.rules.paths.text(path)));
        }
    }
}
