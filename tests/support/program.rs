//! The program as users and machines start it: in a directory of its own, with an empty environment.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// A CloudFormation template with one error: a GRPC target group that is matched on an HTTP status.
pub(crate) const FAULTY: &str = "\
Resources:
  Orders:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Port: 50051
      Protocol: HTTP
      ProtocolVersion: GRPC
      TargetType: ip
      HealthCheckPath: /grpc.health.v1.Health/Check
      Matcher:
        HttpCode: \"200\"
";

/// The same without the error.
pub(crate) fn sound() -> String {
    FAULTY.replace("HttpCode: \"200\"", "GrpcCode: \"0\"")
}

/// A directory with files, and the program to run in it.
pub(crate) struct Project {
    dir: TempDir,
}

/// What a run left behind.
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let project = Self { dir: tempfile::tempdir().expect("a directory can be made") };
        for (path, content) in files {
            project.write(path, content);
        }
        project
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory can be made");
        fs::write(path, content).expect("a file can be written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).expect("readable")
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
        command.env_clear().current_dir(self.path()).args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        outcome(self.command(args))
    }

    /// The same, started in a directory of the project.
    pub(crate) fn run_in(&self, dir: &str, args: &[&str]) -> Outcome {
        let mut command = self.command(args);
        command.current_dir(self.at(dir));
        outcome(command)
    }

    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) {
        const WHO: [&str; 6] =
            ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        let mut command = std::process::Command::new("git");
        command.current_dir(self.path()).env_clear().env("HOME", self.path()).args(WHO).args(args);
        let output = command.output().expect("git runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }
}

/// Runs a command to its end.
pub(crate) fn outcome(mut command: Command) -> Outcome {
    let output = command.output().expect("the tool runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Outcome {
        status: output.status.code().expect("the tool exits by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
