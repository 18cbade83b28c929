#!/usr/bin/env python3
"""Who may include whom. Reads the #include lines of every source file and fails on an arrow that is not in the tables;
then compiles every header alone, with the flags of a source file beside it.

  check_includes.py SOURCE_ROOT BUILD_ROOT"""
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

EVERYTHING = {"*"}

# Folder: what it may include besides itself. app joins the parts and sees all of them; ui, store and engine do not
# know each other. Inside engine an arrow points to what was there first: base, tensor, then data, quant, nn and file
# side by side, then metric and gan, then the engine thread.
ARROWS = {
	"app": EVERYTHING,
	"ui": {"engine/base"},
	"store": {"engine/base"},
	"engine": {"engine/base", "engine/tensor", "engine/data", "engine/quant", "engine/gan", "engine/metric"},
	"engine/base": set(),
	"engine/tensor": {"engine/base"},
	"engine/data": {"engine/base", "engine/tensor"},
	"engine/quant": {"engine/base", "engine/tensor"},
	"engine/nn": {"engine/base", "engine/tensor"},
	"engine/file": {"engine/base"},
	"engine/metric": {"engine/base", "engine/tensor", "engine/data", "engine/nn", "engine/file"},
	"engine/gan": {"engine/base", "engine/tensor", "engine/data", "engine/quant", "engine/nn", "engine/file"},
	"engine/search": {"engine/base"},
	"tests": EVERYTHING,
	"tests/fuzz": EVERYTHING,
}

# Library header: the only folders, besides those of the tests, that may include it. app asks some of them for their version or abilities.
LIBRARIES = {
	"cairo.h": {"app"},
	"cblas.h": {"engine/tensor"},
	"curses.h": {"ui", "app"},
	"jansson.h": {"app", "engine/file"},
	"png.h": {"app", "engine/data"},
	"sixel.h": {"app"},
	"sixel/sixel.h": {"ui"},
	"sqlite3.h": {"store", "app"},
	"term.h": {"ui", "app"},
	"termcap.h": {"app"},
	"termios.h": {"ui", "app"},
	"turbojpeg.h": {"engine/data"},
	"vterm.h": {"tests"},
	"zlib.h": {"app", "engine/data", "engine/file"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def source_files(root, ending):
	for folder in ARROWS:
		for name in sorted(os.listdir(os.path.join(root, folder))):
			if name.endswith(ending):
				yield folder, f"{folder}/{name}"


def check_project_include(folder, target, root):
	target_folder = os.path.dirname(target)
	if not os.path.isfile(os.path.join(root, target)):
		return f"{target} is no file of the project: write the path from the top"
	if target_folder not in ARROWS and not target_folder.startswith("tests"):
		return f"{target_folder} is not in the table of tests/check_includes.py"
	if target_folder == folder or "*" in ARROWS[folder] or target_folder in ARROWS[folder]:
		return None
	return f"{folder} may not know {target_folder}"


def check_library_include(folder, target):
	if target not in LIBRARIES or folder in LIBRARIES[target] or folder.startswith("tests"):
		return None
	return f"<{target}> belongs to {', '.join(sorted(LIBRARIES[target]))}"


def check_arrows(root):
	wrong = seen = 0
	for folder, path in source_files(root, (".c", ".h")):
		with open(os.path.join(root, path), encoding="utf-8") as lines:
			for number, line in enumerate(lines, 1):
				match = INCLUDE.match(line)
				if not match:
					continue
				seen += 1
				problem = (check_project_include(folder, match[2], root) if match[1] == '"' else
				           check_library_include(folder, match[2]))
				if problem:
					print(f"{path}:{number}: {problem}")
					wrong += 1
	return wrong, seen


def flags_by_folder(root, build):
	"""For every folder the compile command of one of its source files, without what concerns that file."""
	commands = {}
	with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
		for entry in json.load(file):
			source = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
			words = shlex.split(entry["command"])
			for option in ("-o", "-MF", "-MQ", "-c"):
				if option in words:
					place = words.index(option)
					del words[place:place + 2]
			words = [word for word in words if word not in ("-MD", "ccache")]
			commands.setdefault(os.path.dirname(os.path.relpath(source, root)), (words, entry["directory"]))
	return commands


def compile_alone(root, commands, folder, path):
	words, directory = commands.get(folder, commands["app"])
	done = subprocess.run([*words, "-fsyntax-only", "-Werror", "-x", "c", os.path.join(root, path)], cwd=directory,
	                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
	if done.returncode:
		print(f"{path} does not compile alone:\n{done.stdout}")
	return done.returncode != 0


def check_headers(root, build):
	commands = flags_by_folder(root, build)
	headers = list(source_files(root, ".h"))
	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		wrong = sum(pool.map(lambda header: compile_alone(root, commands, *header), headers))
	return wrong, len(headers)


def main():
	root, build = (os.path.abspath(path) for path in sys.argv[1:3])
	wrong_arrows, includes = check_arrows(root)
	wrong_headers, headers = check_headers(root, build)
	print(f"{includes} includes, {wrong_arrows} wrong; {headers} headers, {wrong_headers} wrong")
	return 1 if wrong_arrows or wrong_headers or not includes or not headers else 0


if __name__ == "__main__":
	sys.exit(main())
