//! The examples of the README and of every page in `docs/` are real: what they show is what the program prints, and each
//! command runs as it is typed.
//!
//! `UPDATE=1 cargo test --test readme` writes the output into them; read the diff.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// What `$ grpc-guard …` prints in the project's directory.
fn printed(args: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).args(args.split_whitespace());
    String::from_utf8(command.output().expect("the tool runs").stdout).expect("output is UTF-8")
}

/// The text with the output of every example made new.
fn renewed(text: &str) -> String {
    let mut parts = text.split("```console\n");
    let mut new = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (example, rest) = part.split_once("```").expect("a code block is closed");
        let command = example.lines().next().expect("an example has a command");
        let args = command.strip_prefix("$ grpc-guard ").expect("an example runs the tool");
        new.push_str(&format!("```console\n{command}\n{}```{rest}", printed(args)));
    }
    new
}

#[test]
fn examples_are_real() {
    for name in pages() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
        let text = fs::read_to_string(&path).expect("the page is readable");
        let new = renewed(&text);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, new).expect("the page can be written");
        } else {
            similar_asserts::assert_eq!(text, new, "{}: run UPDATE=1 cargo test --test readme", name);
        }
    }
}

/// The README and the hand-written pages.
fn pages() -> Vec<String> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut pages = vec!["README.md".to_string()];
    for entry in fs::read_dir(docs).expect("docs/ is readable") {
        let name = entry.expect("docs/ is readable").file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    pages.sort();
    pages
}

/// A project under Git that holds the files that the pages speak of.
fn example_project() -> tempfile::TempDir {
    const TEMPLATE: &str = "Resources: {A: {Type: AWS::SNS::Topic}}\n";
    const TESTS: &str =
        "- name: a topic\n  input: {Resources: {}}\n  expectations: {rules: {no_topics: SKIP}}\n";
    let files = [
        ("lb.yaml", TEMPLATE),
        ("rendered.yaml", TEMPLATE),
        ("infra/lb.yaml", TEMPLATE),
        (
            "k8s/service.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n",
        ),
        (
            "plan.json",
            "{\"format_version\": \"1.2\", \"terraform_version\": \"1.9.0\", \"planned_values\": {\"root_module\": {}}}\n",
        ),
        (
            "policies/no_topics.guard",
            "rule no_topics when Resources !empty { Resources.* { Type exists } }\n",
        ),
        ("policies/tests/no_topics_tests.yaml", TESTS),
    ];
    let dir = tempfile::tempdir().expect("a directory can be made");
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory can be made");
        fs::write(path, content).expect("a file can be written");
    }
    let git = |args: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.current_dir(dir.path()).args(["-c", "user.name=A", "-c", "user.email=a@example.com"]).args(args);
        assert!(git.output().expect("git runs").status.success(), "{args:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "first"]);
    git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    dir
}

/// The commands of a page's shell blocks and of the scripts in its workflows, without what other programs do before and after.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut language = "";
    for line in text.lines().map(str::trim_start) {
        if let Some(opened) = line.strip_prefix("```") {
            language = opened;
            continue;
        }
        let line = match language {
            "sh" => line,
            "yaml" => {
                line.trim_start_matches("- ").trim_start_matches("run: ").trim_start_matches("script: ")
            }
            _ => continue,
        };
        let line = line.split(" #").next().unwrap_or_default();
        commands.extend(
            line.split(" | ").filter_map(|part| part.strip_prefix("grpc-guard ")).map(str::to_string),
        );
    }
    commands
}

/// The commands that pages show run as they are typed, in order; 2 would mean that they cannot.
#[test]
fn commands_run_as_they_are_typed() {
    let mut n_commands = 0;
    for page in pages() {
        let dir = example_project();
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&page)).expect("readable");
        for typed in commands(&text) {
            let args = typed.split(" > ").next().unwrap_or_default();
            let args = args.replace("$(Build.ArtifactStagingDirectory)", "staging");
            let (args, input) = args.split_once(" < ").unwrap_or((&args, "lb.yaml"));
            let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
            command.env_clear().current_dir(dir.path()).args(args.split_whitespace());
            if let Some(path) = std::env::var_os("PATH") {
                command.env("PATH", path);
            }
            command.pipe_stdin(dir.path().join(input.trim())).expect("the file is there");
            let output = command.output().expect("the tool runs");
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code().is_some_and(|status| status < 2), "{page}: {typed}: {told}");
            n_commands += 1;
        }
    }
    assert!(n_commands >= 25, "{n_commands} commands");
}

/// No page links to a file that is not there.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in pages() {
        let text = fs::read_to_string(root.join(&page)).expect("readable");
        let dir = root.join(&page).parent().expect("a directory").to_path_buf();
        let prose: String = text.split("```").step_by(2).collect();
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let is_outside = path.is_empty() || path.contains("://") || path.contains(['`', ' ']);
            assert!(is_outside || dir.join(path).exists(), "{page}: {target}");
        }
    }
}

/// Every page is one click away from the README.
#[test]
fn the_readme_links_to_every_page() {
    let readme = include_str!("../README.md");
    for page in pages().iter().filter(|page| *page != "README.md") {
        assert!(readme.contains(&format!("({page})")), "{page}");
    }
}

/// What `docs/editors.md` lets editors look for is what is printed, each part of it.
#[test]
fn problem_matchers_read_what_is_printed() {
    let page = include_str!("../docs/editors.md");
    let json = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a task");
    let task: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let task = &task["tasks"][0];
    let pattern = &task["problemMatcher"]["pattern"];
    let regex = regex::Regex::new(pattern["regexp"].as_str().expect("a pattern")).expect("a pattern");
    let command = task["command"].as_str().expect("a command").strip_prefix("grpc-guard ").expect("ours");
    let printed = printed(&format!("{command} fixtures/projects"));
    assert!(printed.lines().count() > 10, "{printed}");
    for line in printed.lines() {
        let found = regex.captures(line).unwrap_or_else(|| panic!("no match: {line}"));
        let part = |key: &str| &found[pattern[key].as_u64().expect("a group") as usize];
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(part("file")).is_file(), "{line}");
        assert!(part("line").parse::<u32>().is_ok() && part("column").parse::<u32>().is_ok(), "{line}");
        assert!(["error", "warning", "info"].contains(&part("severity")), "{line}");
        assert!(!part("message").is_empty() && !part("code").is_empty(), "{line}");
    }
}

/// Every configuration that a page shows is one, and every exception in it holds.
#[test]
fn the_configurations_of_the_docs_are_some() {
    for page in ["docs/configuration.md", "docs/suppression.md", "docs/baseline.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect("readable");
        let blocks = text.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
        const KEYS: [&str; 5] = ["baseline:", "exceptions:", "fail-on:", "rules:", "# yaml-language-server"];
        let configs: Vec<&str> =
            blocks.filter(|block| KEYS.iter().any(|key| block.starts_with(key))).collect();
        assert!(!configs.is_empty(), "{page} shows a configuration");
        for config in configs {
            let mut sources = grpc_guard::source::SourceMap::default();
            let id = sources.add(grpc_guard::source::Source::new("grpc-guard.yaml", config));
            let mut file = grpc_guard::config::parse(id, sources.get(id));
            let catalog = grpc_guard::catalog::Catalog::builtin();
            file.diagnostics.extend(grpc_guard::config::settle(&mut file.settings, &file.options, &catalog));
            assert!(file.diagnostics.is_empty(), "{page}: {:?}", file.diagnostics);
        }
    }
}

#[test]
fn the_configuration_of_the_readme_is_one() {
    let readme = include_str!("../README.md");
    let (_, configure) = readme.split_once("## Configure").expect("the README says how to configure");
    let (_, config) = configure.split_once("```yaml\n").expect("an example");
    let (config, _) = config.split_once("```").expect("a code block is closed");
    let dir = tempfile::tempdir().expect("a directory can be made");
    fs::create_dir(dir.path().join("policies")).expect("a directory can be made");
    fs::write(dir.path().join("grpc-guard.yaml"), config).expect("a file can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    let output = command.env_clear().current_dir(dir.path()).arg("check").output().expect("the tool runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
