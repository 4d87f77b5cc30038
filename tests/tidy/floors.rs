//! The floors of `src/`. A module imports from the floors below its own, and names the module that
//! defines an item. So `src/` can be read from the bottom up: no file rests on a later one.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    imports::{Import, imports},
    items::is_listing,
    page::{Listed, listed},
    sources::Source,
    tokens::{Token, tokens},
};

/// What the root of the crate is called in the list of floors.
const ROOT: &str = "lib";

/// What the list of floors on the page and the sources of `src/` have wrong, each with its line.
pub(crate) fn faults(page: &str, sources: &[Source]) -> Vec<String> {
    let listed = listed(page);
    if listed.is_empty() {
        return vec!["docs/DESIGN.md: no block ```text in a section `## Floors`".to_owned()];
    }
    let modules: Vec<_> = sources.iter().map(Module::of).collect();
    let plan = Plan::new(&listed, &modules);
    let mut faults = plan.faults_of_the_page(&listed);
    faults.extend(modules.iter().flat_map(|module| plan.faults_of(module)));
    faults
}

/// A file of `src/`.
struct Module {
    name: String,
    file: String,
    tokens: Vec<Token>,
    /// It only lists modules and re-exports. It needs no floor, and it may name every floor.
    is_listing: bool,
}

impl Module {
    fn of(source: &Source) -> Self {
        let path = source.path.trim_start_matches("src/").trim_end_matches(".rs");
        let name = path.trim_end_matches("/mod").replace('/', "::");
        let tokens = tokens(&source.text);
        Self { name, file: source.path.clone(), is_listing: is_listing(&tokens), tokens }
    }

    fn imports(&self, names: &BTreeSet<&str>) -> Vec<Import> {
        let scope: Vec<_> = self.name.split("::").filter(|name| *name != ROOT).collect();
        imports(&scope, &self.tokens, names)
    }
}

struct Plan<'a> {
    /// The floor of each module that the page lists, counted from the top.
    floors: BTreeMap<&'a str, usize>,
    /// Every module that there is.
    names: BTreeSet<&'a str>,
    /// Which names, `*` too, a module exports that are defined in others.
    reexports: BTreeMap<&'a str, BTreeSet<String>>,
}

impl<'a> Plan<'a> {
    fn new(listed: &[Listed<'a>], modules: &'a [Module]) -> Self {
        let mut plan = Self {
            floors: listed.iter().map(|listed| (listed.name, listed.floor)).collect(),
            names: modules.iter().map(|module| module.name.as_str()).collect(),
            reexports: BTreeMap::new(),
        };
        for module in modules {
            for Import { path, reexported_as, .. } in module.imports(&plan.names) {
                let is_own = plan.defining(&path).is_some_and(|(target, _)| target == module.name);
                if let Some(name) = reexported_as.filter(|_| !is_own) {
                    plan.reexports.entry(&module.name).or_default().insert(name);
                }
            }
        }
        plan
    }

    /// The module that a path leads to, and what it names in it.
    fn defining<'p>(&self, path: &'p [String]) -> Option<(String, &'p [String])> {
        let splits = (1..=path.len()).rev().map(|at| path.split_at(at));
        let mut modules = splits.map(|(module, item)| (module.join("::"), item));
        modules.find(|(module, _)| self.names.contains(module.as_str()))
    }

    fn faults_of_the_page(&self, listed: &[Listed<'_>]) -> Vec<String> {
        let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
        for Listed { name, line, .. } in listed {
            if !self.names.contains(name) {
                faults.push(format!("docs/DESIGN.md:{line}: `{name}` is no module of src"));
            }
            if !seen.insert(name) {
                faults.push(format!("docs/DESIGN.md:{line}: `{name}` is listed twice"));
            }
        }
        faults
    }

    fn faults_of(&self, module: &Module) -> Vec<String> {
        let Module { name, file, is_listing, .. } = module;
        if *is_listing {
            return Vec::new();
        }
        let Some(&floor) = self.floors.get(name.as_str()) else {
            return vec![format!("{file}:1: docs/DESIGN.md lists no floor of `{name}`")];
        };
        let fault = |Import { line, path, .. }: Import| {
            let fault = self.fault_of(name, floor, &path)?;
            Some(format!("{file}:{line}: `crate::{}` {fault}", path.join("::")))
        };
        module.imports(&self.names).into_iter().filter_map(fault).collect()
    }

    /// What is wrong with a path that a module on this floor names.
    fn fault_of(&self, module: &str, floor: usize, path: &[String]) -> Option<String> {
        let Some((target, item)) = self.defining(path) else {
            return Some("names the crate's root, not the module that defines it".to_owned());
        };
        if target == module {
            return None;
        }
        let Some(item) = item.first() else {
            return Some("is a whole module, not an item of one".to_owned());
        };
        let reexports = self.reexports.get(target.as_str());
        if reexports.is_some_and(|names| item == "*" || names.contains("*") || names.contains(item))
        {
            return Some(format!("is a re-export, not defined in `{target}`"));
        }
        match self.floors.get(target.as_str()).map(|below| below.cmp(&floor)) {
            None => Some(format!("is in `{target}`, which is on no floor")),
            Some(Ordering::Less) => Some(format!("is on a floor above `{module}`")),
            Some(Ordering::Equal) => Some(format!("is on the floor of `{module}`")),
            Some(Ordering::Greater) => None,
        }
    }
}
