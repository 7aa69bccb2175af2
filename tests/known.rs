//! Findings that are known or older than a change: baselines and `--changed-since`, with the real Git.

mod support;

use support::program::{Outcome, Project};

/// A template with as many faulty target groups as names.
fn template(names: &[&str]) -> String {
    let mut text = "Resources:\n".to_string();
    for name in names {
        text.push_str(&format!(
            "  {name}:\n    Type: AWS::ElasticLoadBalancingV2::TargetGroup\n    Properties:\n      Port: 50051\n      \
             Protocol: HTTP\n      ProtocolVersion: GRPC\n      TargetType: ip\n      \
             HealthCheckPath: /grpc.health.v1.Health/Check\n      Matcher:\n        HttpCode: \"200\"\n"
        ));
    }
    text
}

fn check(project: &Project, args: &[&str]) -> Outcome {
    project.run(&[&["check"], args].concat())
}

/// The places of what counts.
#[track_caller]
fn places(project: &Project, args: &[&str]) -> Vec<String> {
    let found = check(project, &[args, &["--format", "concise"]].concat());
    assert!(found.status < 2, "{args:?}: {}", found.stderr);
    let place = |line: &str| line.split(": ").next().unwrap_or_default().to_string();
    found.stdout.lines().map(place).collect()
}

#[test]
fn a_baseline_from_the_first_day_on() {
    let project = Project::new(&[]);
    project.write("a/lb.yaml", template(&["Orders", "Stock"]));
    project.write("grpc-guard.yaml", "baseline: known.json\n");
    let found = check(&project, &["--no-config", "--write-baseline", "known.json"]);
    assert_eq!(found.status, 0, "{}", found.stderr);
    assert!(found.stderr.contains("wrote known.json: 2 findings"), "{}", found.stderr);
    let written = project.read("known.json");
    assert_eq!(check(&project, &["--no-config"]).status, 1);
    assert_eq!(check(&project, &[]).status, 0, "the configuration names it");
    assert_eq!(project.run_in("a", &["check"]).status, 0, "wherever the tool is started");
    assert_eq!(check(&project, &["a/../a/lb.yaml"]).status, 0);

    // Lines move, one finding is new, one is gone.
    project.write("a/lb.yaml", format!("# moved\n\n{}", template(&["Stock", "Basket"])));
    assert_eq!(places(&project, &["--fail-on", "info"]), ["a/lb.yaml:23:19", "known.json:4:5"]);
    let told = check(&project, &[]).stdout;
    assert!(told.contains("`health-check-http-matcher` is no longer found in a/lb.yaml"), "{told}");
    check(&project, &["--write-baseline", "known.json"]);
    assert_ne!(project.read("known.json"), written);
    assert_eq!(places(&project, &[]), Vec::<String>::new());

    let json = check(&project, &["--format", "json"]).stdout;
    assert!(json.contains("\"by\": \"baseline\""), "{json}");
    let sarif = check(&project, &["--format", "sarif"]).stdout;
    assert!(sarif.contains("\"kind\": \"external\""), "{sarif}");
    let json = check(&project, &["--format", "json", "--only-new"]).stdout;
    assert!(!json.contains("health-check-http-matcher"), "{json}");
}

/// A baseline that is written over a part of the project keeps what it knows of the rest.
#[test]
fn a_baseline_written_in_parts() {
    let project = Project::new(&[("grpc-guard.yaml", b"baseline: known.json\n")]);
    for dir in ["a", "b"] {
        project.write(&format!("{dir}/lb.yaml"), template(&["Orders"]));
    }
    let files = || {
        let lines = project.read("known.json");
        let files = lines.lines().filter_map(|line| line.split("\"file\":\"").nth(1));
        let files = files.filter_map(|rest| rest.split('"').next());
        files.map(str::to_string).collect::<Vec<String>>()
    };
    let write = |args: &[&str]| check(&project, &[args, &["--write-baseline", "known.json"]].concat()).stderr;
    write(&["a"]);
    assert_eq!(files(), ["a/lb.yaml"]);
    let told = write(&["b"]);
    assert_eq!(files(), ["a/lb.yaml", "b/lb.yaml"], "{told}");
    assert!(told.contains("wrote known.json: 2 findings, 1 of them not checked again"), "{told}");
    assert_eq!(check(&project, &[]).status, 0);

    project.write("a/lb.yaml", template(&["Orders", "Stock"]));
    write(&["a/lb.yaml"]);
    assert_eq!(files(), ["a/lb.yaml", "a/lb.yaml", "b/lb.yaml"]);
    write(&["--only", "listener-without-https"]);
    assert_eq!(files(), ["a/lb.yaml", "a/lb.yaml", "b/lb.yaml"], "rules that were left out stay");

    std::fs::remove_dir_all(project.at("b")).expect("removed");
    write(&["a"]);
    assert_eq!(
        files(),
        ["a/lb.yaml", "a/lb.yaml", "b/lb.yaml"],
        "a run over a part does not know what is gone"
    );
    write(&[]);
    assert_eq!(files(), ["a/lb.yaml", "a/lb.yaml"]);

    // Without a configuration or a repository the current directory is the whole.
    let bare = Project::new(&[]);
    for dir in ["a", "b"] {
        bare.write(&format!("{dir}/lb.yaml"), template(&["Orders"]));
        check(&bare, &[dir, "--write-baseline", "known.json"]);
    }
    assert_eq!(bare.read("known.json").matches("\"file\"").count(), 2);

    project.write("known.json", "{\"version\": 0, \"findings\": []}\n");
    let refused = check(&project, &["a", "--write-baseline", "known.json"]);
    assert_eq!(refused.status, 2, "what cannot be read cannot be kept");
    assert!(project.read("known.json").contains("\"version\": 0"), "and is not lost");
}

#[test]
fn baselines_that_cannot_be_used() {
    let project = Project::new(&[]);
    project.write("lb.yaml", template(&["Orders"]));
    project.write("old.json", "{\"version\": 0, \"findings\": []}\n");
    project.write("broken.json", "{\"version\": 1,\n");
    for (args, told) in [
        (&["--baseline", "old.json"][..], "--> old.json:1:13"),
        (&["--baseline", "old.json"], "this baseline has version `0`, and version `1` is read here"),
        (&["--baseline", "broken.json"], "broken.json:"),
        (&["--baseline", "missing.json"], "cannot read the baseline missing.json"),
        (&["--baseline", "."], "cannot read the baseline ."),
        (&["--only-new"], "--only-new: there is no baseline"),
        (&["--write-baseline", "lb.yaml/known.json"], "cannot write lb.yaml/known.json"),
        (&["--write-baseline", "known.json", "--baseline", "old.json"], "cannot be used with"),
    ] {
        let found = check(&project, args);
        assert_eq!((found.status, found.stdout.as_str()), (2, ""), "{args:?}");
        assert!(found.stderr.contains(told), "{args:?}: {}", found.stderr);
    }
    let found = check(&project, &["lb.yaml", "missing.yaml", "--write-baseline", "known.json"]);
    assert_eq!(found.status, 2);
    assert!(found.stderr.contains("known.json is not written"), "{}", found.stderr);
    assert!(!project.path().join("known.json").exists());
}

#[test]
fn only_what_has_changed() {
    let project = Project::new(&[]);
    project.git(&["init", "-q"]);
    project.write("lb.yaml", template(&["Orders", "Stock"]));
    project.write("deep/moved.yaml", template(&["Basket"]));
    project.write("gone.yaml", "Resources: {}\n");
    project.commit("first");
    assert_eq!(places(&project, &["--changed-since", "HEAD"]), Vec::<String>::new());
    project.git(&["checkout", "-q", "-b", "work"]);

    let changed = template(&["Orders", "Stock"]).replacen("\"200\"", "\"201\"", 1);
    project.write("lb.yaml", &changed);
    project.write("new é.yaml", template(&["New"]));
    project.git(&["mv", "deep/moved.yaml", "deep/renamed.yaml"]);
    project.git(&["rm", "-q", "gone.yaml"]);
    let expected = ["lb.yaml:11:19", "new é.yaml:11:19"];
    assert_eq!(places(&project, &["--changed-since", "HEAD"]), expected, "changed and untracked lines");
    assert_eq!(
        places(&project, &["--changed-since", "HEAD", "deep"]),
        Vec::<String>::new(),
        "a new name is no change"
    );
    project.commit("second");
    assert_eq!(places(&project, &["--changed-since", "HEAD"]), Vec::<String>::new());
    assert_eq!(places(&project, &["--changed-since", "main"]), expected);

    // What happens on main meanwhile is not of this branch.
    project.git(&["checkout", "-q", "main"]);
    project.write("lb.yaml", template(&["Orders", "Stock"]).replace("\"200\"", "\"202\""));
    project.commit("third");
    project.git(&["checkout", "-q", "work"]);
    assert_eq!(places(&project, &["--changed-since", "main"]), expected);
    let below = project.run_in("deep", &["check", "--changed-since", "main", "../lb.yaml"]);
    assert!(below.stdout.contains("../lb.yaml:11:19"), "{}", below.stdout);
}

/// What a removed line brings about stands elsewhere.
#[test]
fn what_is_gone_may_be_a_fault() {
    let project = Project::new(&[]);
    project.git(&["init", "-q"]);
    const PATH: &str = "      HealthCheckPath: /grpc.health.v1.Health/Check\n";
    let faulty = template(&["Orders"]).replace("HttpCode: \"200\"", "GrpcCode: \"0\"").replace(PATH, "");
    let sound = faulty.replace("      Port:", &format!("{PATH}      Port:"));
    project.write("old/lb.yaml", &sound);
    project.commit("first");
    project.git(&["mv", "old", "new"]);
    let args = ["--changed-since", "HEAD", "--fail-on", "info"];
    assert_eq!(places(&project, &args), Vec::<String>::new());
    project.write("new/lb.yaml", &faulty);
    assert_eq!(places(&project, &args), ["new/lb.yaml:10:19"], "not beside the line that was removed");
}

#[test]
fn revisions_that_do_not_help() {
    let project = Project::new(&[]);
    project.write("lb.yaml", template(&["Orders"]));
    let refused = |project: &Project, rev: &str, told: &str| {
        let found = check(project, &[&format!("--changed-since={rev}")]);
        assert_eq!((found.status, found.stdout.as_str()), (2, ""), "{rev}");
        assert!(found.stderr.contains(told), "{rev}: {}", found.stderr);
    };
    refused(&project, "main", "not a git repository");
    project.git(&["init", "-q"]);
    project.commit("first");
    refused(&project, "no-such-branch", "there is no commit `no-such-branch` in this repository");
    refused(&project, "--output=x", "there is no commit `--output=x` in this repository");
    project.write("lb.yaml", template(&["Orders", "Stock"]));
    project.commit("second");
    project.write("lb.yaml", template(&["Orders"]));
    project.commit("third");
    let clone = Project::new(&[]);
    let url = format!("file://{}", project.path().display());
    clone.git(&["clone", "-q", "--depth", "1", &url, "."]);
    refused(&clone, "HEAD~2", "this is a shallow clone: fetch more of it");
    assert_eq!(places(&clone, &["--changed-since", "HEAD"]), Vec::<String>::new());
}
