#!/usr/bin/env python3
"""Builds and runs everything that must pass; ./start --test calls it.

One pass a compiler and sanitizer, each in its own build folder, then the fuzz targets. Prints every suite's own
summary and, as its last line, the sum "N passed, N failed"; the status is 0 when nothing failed. A suite that ends
badly without a failed test (a crash, a leak, a time-out) counts as one failure, and so does a build that fails."""
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Two compilers warn of different things; what clang makes of the sources runs in the sanitized builds. Suites that prove
# numbers and walk no code of their own ("proof") run plain only: sanitized they would take minutes.
# The sanitized build has the fuzz targets too: its flags are those of tests/fuzz/run. Sanitized loops need not become
# vectors as their pragmas ask.
PASSES = [
	{"name": "gcc, release", "folder": "build-test", "compiler": "gcc",
	 "setup": ["--buildtype=release"], "test": [], "whole": True},
	{"name": "clang, release", "folder": "build-clang", "compiler": "clang-14",
	 "setup": ["--buildtype=release"], "whole": True, "build_only": True},
	{"name": "clang, address and undefined-behaviour sanitizers", "folder": "build-fuzz", "compiler": "clang-14",
	 "setup": ["--buildtype=debug", "-Doptimization=1", "-Dfuzzers=true", "-Db_sanitize=address,undefined", "-Db_lundef=false",
	           "-Dc_args=-fsanitize=fuzzer-no-link -fno-sanitize-recover=all -Wno-pass-failed "
	           f"-fsanitize-coverage-ignorelist={ROOT}/tests/fuzz/not_followed.txt"],
	 "test": ["--no-suite", "source", "--no-suite", "proof", "--timeout-multiplier", "4"]},
	{"name": "clang, thread sanitizer, suites with threads", "folder": "build-thread", "compiler": "clang-14",
	 "setup": ["--buildtype=debug", "-Doptimization=1", "-Db_sanitize=thread", "-Db_lundef=false",
	           "-Dc_args=-Wno-pass-failed"],
	 "test": ["--suite", "threads", "--timeout-multiplier", "4"], "fixed_addresses": True},
]
FUZZ_SECONDS = 5
PROCESSES = (os.cpu_count() or 1) + 1 # a third of the suites' time is waiting for terminals, disks and clocks

SUMMARY = re.compile(r"^\[  (PASSED|FAILED)  \] (\d+) test\(s\)")
SHOWN = re.compile(r"^\[  (PASSED|FAILED|SKIPPED) *\] ")

passed = failed = 0


def count(good, bad):
	global passed, failed
	passed += good
	failed += bad


def run(command, **more):
	"""Output as text, and the status."""
	done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
	                      text=True, errors="replace", **more)
	return done.stdout, done.returncode


def fail(what, output):
	print(output)
	print(f"FAILED: {what}", flush=True)
	count(0, 1)


def report_test(test):
	"""One line of meson's log: prints its summary, or all it wrote when it failed."""
	output = test.get("stdout", "") + test.get("stderr", "")
	sums = {"PASSED": 0, "FAILED": 0}
	for line in output.splitlines():
		match = SUMMARY.match(line)
		if match:
			sums[match[1]] += int(match[2])
	good = test["result"] in ("OK", "SKIP")
	print(f"{test['name'].split(' / ')[-1]}: {test['result']}, {test['duration']:.1f} s")
	for line in output.splitlines():
		if not good or SHOWN.match(line):
			print(f"  {line}")
	if good and not any(sums.values()):
		count(1 if test["result"] == "OK" else 0, 0)
	else:
		count(sums["PASSED"], sums["FAILED"] if sums["FAILED"] or good else 1)


def configure(folder, compiler, options):
	if os.path.exists(os.path.join(ROOT, folder, "build.ninja")):
		return True
	compiler = compiler if shutil.which(compiler) else compiler.split("-")[0]
	output, status = run(["meson", "setup", "-Dwerror=true", "-Dtests=true", *options, folder],
	                     env={**os.environ, "CC": compiler})
	if status:
		fail(f"configuring {folder}", output)
	return status == 0


def without_random_addresses(command):
	"""The thread sanitizer wants memory where older kernels put it."""
	fixed = ["setarch", "-R"]
	return fixed + command if shutil.which("setarch") and run(fixed + ["true"])[1] == 0 else command


def run_pass(settings):
	print(f"\n== {settings['name']}", flush=True)
	began = time.monotonic()
	folder = settings["folder"]
	if not configure(folder, settings["compiler"], settings["setup"]):
		return
	log = os.path.join(ROOT, folder, "meson-logs", "testlog.json")
	if os.path.exists(log):
		os.remove(log)
	if settings.get("whole"): # else only what the chosen suites need
		output, status = run(["ninja", "-C", folder, "--quiet"])
		if status:
			return fail("building " + folder, output)
	if settings.get("build_only"):
		count(1, 0)
		return print(f"-- {time.monotonic() - began:.0f} s", flush=True)
	command = ["meson", "test", "-C", folder, "--num-processes", str(PROCESSES), *settings["test"]]
	output, _ = run(without_random_addresses(command) if settings.get("fixed_addresses") else command)
	if not os.path.exists(log):
		return fail("building " + folder, output)
	with open(log, encoding="utf-8", errors="replace") as lines:
		for line in lines:
			report_test(json.loads(line))
	print(f"-- {time.monotonic() - began:.0f} s", flush=True)


def run_fuzzers():
	print(f"\n== fuzz targets, {FUZZ_SECONDS} s each", flush=True)
	output, status = run(["tests/fuzz/run", str(FUZZ_SECONDS)])
	if status:
		return fail("fuzz targets", output)
	print(output, end="", flush=True)
	count(len(output.splitlines()), 0)


def main():
	for settings in PASSES:
		run_pass(settings)
	run_fuzzers()
	print(f"\n{passed} passed, {failed} failed")
	return 0 if passed and not failed else 1


if __name__ == "__main__":
	sys.exit(main())
