#!/usr/bin/env python3
"""Installs into an empty folder and looks at what arrived: the program runs, the man page renders without a warning,
completions are scripts their shells accept, the licence and the example configuration are there.

  check_install.py BUILD_ROOT       status 77 (skipped) where there is no man"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

EXPECTED = {
	"bin/qgan": "\x7fELF",
	"share/man/man1/qgan.1": ".SH COMMANDS",
	"share/bash-completion/completions/qgan": "complete ",
	"share/zsh/site-functions/_qgan": "#compdef qgan",
	"share/fish/vendor_completions.d/qgan.fish": "complete -c qgan",
	"share/doc/qgan/LICENSE": "MIT License",
	"share/doc/qgan/examples/config": "#width = ",
}
SYNTAX_CHECKS = {
	"share/bash-completion/completions/qgan": ["bash", "-n"],
	"share/zsh/site-functions/_qgan": ["zsh", "-n"],
	"share/fish/vendor_completions.d/qgan.fish": ["fish", "-n"],
}
BASH_ANSWERS = {
	"qgan ru": "runs",
	"qgan runs ": "list show compare export views tag note rename archive delete restore purge sql",
	"qgan we": "weights",
	"qgan weights --method ": "em minmax log tanh",
	"qgan runs show r --st": "--store",
	"qgan train --quantizer mi": "minmax",
	"qgan --optimizer ": "adam sgd",
	"qgan train --data ": "", # files
	"qgan manu": "", # hidden
}


def run(command, **environment):
	done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
	                      env={**os.environ, **environment})
	return done.returncode, done.stdout, done.stderr


def prefix_of(build):
	with open(os.path.join(build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as file:
		return next(option["value"] for option in json.load(file) if option["name"] == "prefix")


def check_files(prefix):
	for name, text in EXPECTED.items():
		path = os.path.join(prefix, name)
		if not os.path.isfile(path):
			yield f"{name} is missing"
			continue
		with open(path, encoding="utf-8", errors="replace") as file:
			if text not in file.read():
				yield f"{name} does not contain {text!r}"


def check_program(prefix):
	status, output, errors = run([os.path.join(prefix, "bin/qgan"), "--version"])
	if status or not output.startswith("qgan ") or errors:
		yield f"the installed program does not print its version: {output}{errors}"


def check_completions(prefix):
	for name, shell in SYNTAX_CHECKS.items():
		if shutil.which(shell[0]):
			status, _, errors = run([*shell, os.path.join(prefix, name)])
			if status:
				yield f"{name}: {errors}"


def check_bash_answers(prefix):
	script = os.path.join(prefix, "share/bash-completion/completions/qgan")
	for line, answer in BASH_ANSWERS.items():
		words = line.split(" ")
		program = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _qgan; echo "${COMPREPLY[*]}"'
		_, output, errors = run(["bash", "-c", program, "bash", script, *words])
		if output.strip() != answer or errors:
			yield f"bash completes {line!r} to {output.strip()!r}, not {answer!r} {errors}"


def check_man_page(prefix):
	status, output, errors = run(["man", "--warnings", "-l", os.path.join(prefix, "share/man/man1/qgan.1")],
	                             LC_ALL="C.UTF-8", MANWIDTH="100", MANPAGER="cat")
	if status or errors:
		yield f"the man page renders with status {status} and warnings: {errors}"
	if "EXIT STATUS" not in output or "@TABLES@" in output:
		yield "the man page is not whole"


def main():
	build = os.path.abspath(sys.argv[1])
	with tempfile.TemporaryDirectory() as folder:
		status, output, errors = run(["meson", "install", "-C", build, "--no-rebuild", "--quiet"], DESTDIR=folder)
		if status:
			print(output + errors)
			return 1
		prefix = folder + prefix_of(build)
		problems = [*check_files(prefix), *check_program(prefix), *check_completions(prefix),
		            *check_bash_answers(prefix)]
		has_man = shutil.which("man") is not None
		if has_man:
			problems += check_man_page(prefix)
	for problem in problems:
		print(problem)
	print(f"{len(EXPECTED)} files installed, {len(problems)} problems" + ("" if has_man else "; no man here"))
	return 1 if problems else 0 if has_man else 77


if __name__ == "__main__":
	sys.exit(main())
