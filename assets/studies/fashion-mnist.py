#!/usr/bin/env python3
"""One full-precision DCGAN on Fashion-MNIST, then every quantizer at 1 to 4 bits: what it makes of the weights before
fine-tuning, and what the GAN is worth after the same number of steps with both networks quantized.

  fashion-mnist.py QGAN FOLDER [--base-steps N] [--tune-steps N] [--jobs N] [--threads-per-job N] ...

QGAN is the program, FOLDER gets the store (store.db), one folder a case, and results.md, results.csv and layers.csv.
What is finished is not done again: started a second time after an interruption, the script goes on where it was. Python's
standard library is enough; with numpy the pictures are also measured (score.py beside this file)."""
import argparse
import concurrent.futures
import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True # the folder of the sources stays as it is

try:
	import score
except ImportError: # no numpy
	score = None

HERE = os.path.dirname(os.path.abspath(__file__))
METHODS = { # name in this study: what `qgan train` is told
	"em": ["--quantizer", "em"],
	"em-literal": ["--quantizer", "em", "--literal"],
	"minmax": ["--quantizer", "minmax"],
	"log": ["--quantizer", "log"],
	"tanh": ["--quantizer", "tanh"],
}
DEGENERATE = {("log", 1), ("tanh", 1)}
BASE = "base"     # the run everything starts from
CONTROL = "float" # the case that is fine-tuned without any quantizer
FIGURES = ["D.conv1", "G.deconv4"] # of the paper's Figures 1 and 3
NUMBERS = ["distance", "distance_spread", "diversity"]
TRAINED = ["loss_d", "loss_g", "d_real", "d_fake"]


class Failure(Exception):
	"""A sentence for the results table."""


class Case:
	def __init__(self, method, bits):
		self.method, self.bits = method, bits
		self.name = method if method == CONTROL else f"{method}-{bits}"

	def question(self):
		"""For qgan weights, before fine-tuning."""
		if self.method == CONTROL:
			return []
		options = METHODS[self.method]
		return ["--method", options[1], *options[2:], "--bits", str(self.bits)]

	def training(self):
		if self.method == CONTROL:
			return []
		forced = ["--allow-degenerate"] if (self.method, self.bits) in DEGENERATE else []
		return [*METHODS[self.method], *forced, "--d-bits", str(self.bits), "--g-bits", str(self.bits)]


class Study:
	def __init__(self, options):
		self.options = options
		self.store = os.path.join(options.folder, "store.db")
		self.lock = threading.Lock()
		self.reference = None
		self.stopping = False # no case begins any more
		self.children = set()

	def say(self, text):
		with self.lock:
			print(time.strftime("%H:%M:%S"), text, flush=True)

	def qgan(self, *words):
		"""Standard output. A failure is a Failure with the program's own sentence."""
		child = subprocess.Popen([self.options.qgan, *words, "--store", self.store], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
		                         stdin=subprocess.DEVNULL, text=True, errors="replace")
		self.children.add(child)
		if self.stopping:
			child.terminate()
		said, complaint = child.communicate()
		self.children.discard(child)
		if self.stopping or child.returncode in (130, 143): # it has saved
			self.stopping = True
			raise KeyboardInterrupt
		if child.returncode:
			raise Failure((complaint.strip().splitlines() or [f"status {child.returncode}"])[-1].removeprefix("qgan: "))
		return said

	def stop(self, number, _):
		"""A terminal tells its children itself; a second signal would keep them from saving."""
		self.stopping = True
		if number == signal.SIGTERM:
			for child in list(self.children):
				child.terminate()
		raise KeyboardInterrupt

	def threads(self):
		return ["--threads", str(self.options.threads_per_job)]

	def status(self, name):
		"""Of the run of that name; None: there is none yet."""
		if not os.path.exists(self.store):
			return None
		rows = self.query("SELECT status FROM runs WHERE name = ?", name)
		return rows[0][0] if rows else None

	def query(self, statement, *values):
		connection = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=60)
		try:
			return connection.execute(statement, values).fetchall()
		finally:
			connection.close()

	def train(self, name, words):
		"""Starts the run, or continues what an interruption left; does nothing when it is finished."""
		status = self.status(name)
		if status == "finished":
			return
		if status == "failed":
			raise Failure("training failed: " + self.query("SELECT message FROM runs WHERE name = ?", name)[0][0])
		if status in ("live", "paused") and self.is_running(name):
			raise Failure(f"run {name} is being trained by another process")
		start = ["--resume", name] if status else ["--run-name", name, *words]
		self.qgan("train", *start, *self.threads(), "--json")

	def is_running(self, name):
		[(pid,)] = self.query("SELECT pid FROM runs WHERE name = ?", name)
		return os.path.exists(f"/proc/{pid}")

	# ---- looking at weights and pictures

	def look(self, run, folder, when, question):
		"""The layers of `run` under the question, figures, the fixed-noise pictures and their measures."""
		path = lambda name: os.path.join(folder, f"{when}-{name}")
		found = json.loads(self.qgan("weights", run, *question, "--pictures", path("samples.png"), *self.threads(), "--json"))
		for layer in FIGURES:
			self.qgan("weights", run, *question, "--layer", layer, "--png", path(layer + ".png"), "--csv", path(layer + ".csv"),
			          *self.threads(), "--json")
		return {"layers": [tidy(layer) for layer in found["layers"]], **self.measure(run, question, path("many.png"))}

	def measure(self, run, question, path):
		"""Means over several sets of fresh pictures; the spread is half the range of the distances."""
		if not self.reference:
			return dict.fromkeys(NUMBERS)
		distances, diversities = [], []
		for seed in range(1, self.options.evaluations + 1):
			self.qgan("weights", run, *question, "--pictures", path, "--samples", str(self.options.pictures), "--seed", str(seed),
			          *self.threads(), "--json")
			distance, diversity = self.reference.measure(path, self.options.pictures)
			distances.append(distance)
			diversities.append(diversity)
		os.remove(path)
		return {"distance": sum(distances) / len(distances), "distance_spread": (max(distances) - min(distances)) / 2,
		        "diversity": sum(diversities) / len(diversities)}

	def final_numbers(self, name):
		"""Losses and D's answers: means over the last quarter of the fine-tuning."""
		columns = ", ".join(f"avg(metric_points.{column})" for column in TRAINED)
		rows = self.query(f"SELECT {columns} FROM metric_points JOIN runs ON runs.id = run_id WHERE name = ? AND metric_points.step > "
		                  "runs.step - ?", name, max(self.options.tune_steps // 4, 1))
		return dict(zip(TRAINED, rows[0]))

	# ---- cases

	def base(self):
		options = self.options
		self.say(f"{BASE}: {options.base_steps} steps at full precision")
		flags = ["--width", str(options.width)] if options.width else []
		self.train(BASE, ["--config", os.path.join(HERE, "fashion-mnist.conf"), "--data", f"fashion-mnist:{options.data}",
		                  "--steps", str(options.base_steps), *flags])

	def run_case(self, case):
		folder = os.path.join(self.options.folder, case.name)
		path = os.path.join(folder, "result.json")
		if os.path.exists(path):
			return self.complete(case, path)
		os.makedirs(folder, exist_ok=True)
		result = {"method": case.method, "bits": case.bits, "failure": ""}
		if self.stopping:
			raise KeyboardInterrupt
		self.say(f"{case.name}: weights before fine-tuning")
		result["before"] = self.look(BASE, folder, "before", case.question())
		try:
			self.say(f"{case.name}: fine-tuning, {self.options.tune_steps} steps")
			self.train(case.name, ["--from", BASE, "--steps", str(self.options.tune_steps), *case.training()])
			result["after"] = {**self.look(case.name, folder, "after", []), **self.final_numbers(case.name)}
		except Failure as failure:
			if self.status(case.name) != "failed":
				raise Failure(f"{case.name}: {failure}") from failure
			result["failure"] = str(failure) # a result too: the losses left the numbers
		write_whole(path, json.dumps(result, indent=1))
		self.say(f"{case.name}: " + (result["failure"] or "done"))
		return result

	def complete(self, case, path):
		"""The case as it was done; measured now if numpy was missing then."""
		with open(path, encoding="utf-8") as file:
			result = json.load(file)
		for when, run, question in (("before", BASE, case.question()), ("after", case.name, [])):
			if self.reference and when in result and result[when]["distance"] is None:
				self.say(f"{case.name}: measuring pictures {when} fine-tuning")
				result[when].update(self.measure(run, question, os.path.join(os.path.dirname(path), "many.png")))
		write_whole(path, json.dumps(result, indent=1))
		return result

	def run(self):
		signal.signal(signal.SIGTERM, self.stop)
		signal.signal(signal.SIGINT, self.stop)
		os.makedirs(self.options.folder, exist_ok=True)
		if score:
			self.say("measuring the real pictures")
			self.reference = score.Reference(self.options.data)
		else:
			self.say("numpy is missing: pictures are kept, but not measured")
		self.base()
		cases = [Case(CONTROL, 32)] + [Case(method, bits) for bits in self.options.bits for method in METHODS]
		results = []
		with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
			work = [pool.submit(self.run_case, case) for case in cases]
			try:
				for done, future in enumerate(concurrent.futures.as_completed(work), 1):
					future.result()
					self.say(f"{done} of {len(cases)} cases are done")
			except BaseException:
				pool.shutdown(wait=False, cancel_futures=True)
				raise
			results = [future.result() for future in work]
		write_results(self, results)
		self.say(f"results are in {os.path.join(self.options.folder, 'results.md')}")


def tidy(layer):
	"""What the tables need; the figures' CSV files hold the rest."""
	kept = ("network", "layer", "shape", "weights", "method", "bits", "degenerate", "alpha", "beta", "mse", "variance", "sqnr_db",
	        "utilization", "dead_states", "best_gap", "packed_bytes", "iterations", "levels", "counts")
	return {key: layer[key] for key in kept}


def write_whole(path, text):
	with open(path + ".tmp", "w", encoding="utf-8", newline="") as file:
		file.write(text)
	os.replace(path + ".tmp", path)


# ---- tables

def network_numbers(state, network):
	"""Of one network: error over variance of all its weights, mean and least utilization, dead states."""
	layers = [layer for layer in state["layers"] if layer["network"] == network]
	if not layers or layers[0]["mse"] is None:
		return None, None, None, None
	error = sum(layer["mse"] * layer["weights"] for layer in layers) / sum(layer["variance"] * layer["weights"] for layer in layers)
	utilization = [layer["utilization"] for layer in layers]
	return error, sum(utilization) / len(layers), min(utilization), sum(layer["dead_states"] for layer in layers)


def summary(result, when):
	state = result.get(when)
	row = {"method": result["method"], "bits": result["bits"], "when": when, "failure": result["failure"] if when == "after" else ""}
	for network in ("D", "G"):
		numbers = network_numbers(state, network) if state else (None,) * 4
		row.update(zip((f"error_{network}", f"utilization_{network}", f"least_utilization_{network}", f"dead_{network}"), numbers))
	for name in TRAINED + NUMBERS:
		row[name] = state.get(name) if state else None
	return row


def number(value, form):
	return "–" if value is None else format(value, form)


def markdown(rows, trained):
	head = ["method", "bits", "D error/var", "G error/var", "D util", "G util", "dead D", "dead G"]
	head += ["loss D", "loss G", "D(x)", "D(G(z))"] if trained else []
	head += ["PCA-64 distance", "diversity"]
	lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
	for row in rows:
		if row["failure"]:
			lines.append(f"| {row['method']} | {row['bits']} | {row['failure']} " + "| " * (len(head) - 3) + "|")
			continue
		cells = [row["method"], str(row["bits"]), number(row["error_D"], ".3g"), number(row["error_G"], ".3g"),
		         number(row["utilization_D"], ".0%"), number(row["utilization_G"], ".0%"), number(row["dead_D"], "d"),
		         number(row["dead_G"], "d")]
		cells += [number(row[name], ".2f") for name in TRAINED] if trained else []
		measured = row["distance"] is not None
		cells += [f"{row['distance']:.2f} ± {row['distance_spread']:.2f}" if measured else "–", number(row["diversity"], ".2f")]
		lines.append("| " + " | ".join(cells) + " |")
	return "\n".join(lines)


def describe(study):
	options = study.options
	[(version, machine, width, batch, seed)] = study.query(
		"SELECT version, machine, width, batch, seed FROM runs WHERE name = ?", BASE)
	lines = [f"DCGAN 32x32, width {width}, batch {batch}, seed {seed}; {options.base_steps:,} steps at full precision, then "
	         f"{options.tune_steps:,} with D and G quantized, no layer exempt. qgan {version} on {machine}.", ""]
	if study.reference:
		lines += [f"PCA-64 distance: Fréchet distance in the first 64 principal components of the training pictures, mean of "
		          f"{options.evaluations} sets of {options.pictures:,} pictures ± half their range. It is not an FID and compares "
		          f"only with itself. Real test pictures are at {study.reference.floor:.2f}. Diversity: distance between two "
		          f"generated pictures over that between two real ones, root mean square; 0 is a collapse.", ""]
	return lines


def write_results(study, results):
	order = [CONTROL, *METHODS]
	results = sorted(results, key=lambda result: (-result["bits"], order.index(result["method"])))
	rows = [summary(result, when) for when in ("before", "after") for result in results]
	text = ["# Fashion-MNIST: every quantizer at 1 to 4 bits", "", *describe(study)]
	text += ["## Before fine-tuning", "", markdown([row for row in rows if row["when"] == "before"], False), ""]
	text += ["## After fine-tuning", "", markdown([row for row in rows if row["when"] == "after"], True), "",
	         "Losses and D's answers are means over the last quarter of the fine-tuning.", ""]
	folder = study.options.folder
	write_whole(os.path.join(folder, "results.md"), "\n".join(text))
	write_csv(os.path.join(folder, "results.csv"), rows)
	layers = []
	for result in results:
		for when in ("before", "after"):
			for layer in (result.get(when) or {"layers": []})["layers"]:
				flat = {key: layer[key] for key in layer if key not in ("levels", "counts", "method", "bits")}
				layers.append({"method": result["method"], "bits": result["bits"], "when": when, **flat,
				               "levels": " ".join(map(str, layer["levels"])), "counts": " ".join(map(str, layer["counts"]))})
	write_csv(os.path.join(folder, "layers.csv"), layers)


def write_csv(path, rows):
	with open(path + ".tmp", "w", encoding="utf-8", newline="") as file:
		writer = csv.DictWriter(file, rows[0].keys())
		writer.writeheader()
		writer.writerows(rows)
	os.replace(path + ".tmp", path)


def parse():
	parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
	parser.add_argument("qgan", help="the program")
	parser.add_argument("folder", help="for the store and everything else")
	parser.add_argument("--base-steps", type=int, default=9370, help="of the full-precision training (9370: ten epochs)")
	parser.add_argument("--tune-steps", type=int, default=1874, help="of every fine-tuning (1874: two epochs)")
	parser.add_argument("--jobs", type=int, default=1, help="cases at a time")
	parser.add_argument("--threads-per-job", type=int, default=0, help="0: one per usable core")
	parser.add_argument("--bits", type=int, nargs="+", default=[4, 3, 2, 1])
	parser.add_argument("--width", type=int, default=0, help="another first feature width, for a trial")
	parser.add_argument("--pictures", type=int, default=4096, help="in every set that is measured, 4096 at most")
	parser.add_argument("--evaluations", type=int, default=3, help="sets that are measured")
	parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder of the data set")
	options = parser.parse_args()
	if score and not 2000 <= options.pictures <= 4096:
		parser.error("--pictures: from 2000 to 4096, fewer say little about a distance in 64 dimensions")
	options.qgan = os.path.abspath(options.qgan)
	return options


if __name__ == "__main__":
	try:
		Study(parse()).run()
	except Failure as error:
		sys.exit(f"fashion-mnist.py: {error}")
	except KeyboardInterrupt:
		sys.exit("fashion-mnist.py: interrupted; start it again to go on")
