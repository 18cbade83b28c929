#!/usr/bin/env python3
"""Trains two small runs and reads what `qgan runs export` and `qgan report` write of them with nothing but this file and
SQLite: every line of CSV and JSON lines, every record, checksum and message of the event files, PNGs and the report's links.
What goes wrong must be said, and leave no file.

  check_exports.py QGAN"""
import csv
import datetime
import io
import json
import math
import os
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zlib

SMALL = ["--data", "shapes", "--width", "4", "--latent", "10", "--batch", "4", "--metric-every", "2", "--layers-every", "5",
         "--sample-every", "5", "--samples", "4", "--threads", "1"]
POINTS = {"epoch": "epochs", "loss/d": "loss_d", "loss/g": "loss_g", "d/real": "d_real", "d/fake": "d_fake",
          "gradient/d": "gradient_d", "gradient/g": "gradient_g", "speed/images_per_second": "images_per_second"}
SCORES = {"fid": "fid", "kid": "kid", "is": "is_mean", "fid_std": "fid_std", "kid_std": "kid_std", "is_std": "is_std"}
BATCH = 4
IDENTITY = 'classifier/"small", 64 pictures'


class Program:
	def __init__(self, qgan, folder):
		self.qgan, self.folder = qgan, folder
		self.environment = {**os.environ, "QGAN_STORE": os.path.join(folder, "runs.db"), "HOME": folder}

	def run(self, *words, status=0):
		done = subprocess.run([self.qgan, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
		                      env=self.environment)
		if done.returncode != status:
			sys.exit(f"qgan {' '.join(words)}: status {done.returncode}, expected {status}\n{done.stderr.decode()}")
		return done

	def out(self, *words):
		return self.run(*words).stdout.decode()


def insert(database, table, **values):
	"""A row with what is not said empty."""
	row = {name: "" if kind == "TEXT" else 0 for _, name, kind, *_ in database.execute(f"PRAGMA table_info({table})")}
	del row["id"]
	row.update(values)
	database.execute(f"INSERT INTO {table} ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))


def make_store(program):
	program.run("train", *SMALL, "--run-name", "a", "--steps", "20", "--d-bits", "2", "--g-bits", "3")
	program.run("train", *SMALL, "--run-name", "b", "--steps", "10", "--seed", "8")
	database = sqlite3.connect(program.environment["QGAN_STORE"])
	database.row_factory = sqlite3.Row
	insert(database, "journal", run_id=1, step=7, time=1.5e9, kind="set-bits", field="g-bits", value="3", text="G bits 32 > 3 | *bold*")
	for step, fid in (10, 80.5), (20, 60.25):
		insert(database, "scores", run_id=1, step=step, time=1.6e9 + step, live=1, recipe="quick", fid=fid, fid_std=1.5, kid=0.01,
		       kid_std=None, is_mean=2.5, is_std=0.1, identity=IDENTITY)
	insert(database, "scores", run_id=1, step=20, time=1.7e9, recipe="standard", fid=55, fid_std=None, kid=None, kid_std=None,
	       is_mean=3, is_std=0.2, identity="another")
	database.execute("UPDATE runs SET score_identity = ? WHERE id = 1", [IDENTITY])
	database.commit()
	return database


# ---- what the store says ----

def single(value):
	return struct.unpack("<f", struct.pack("<f", value))[0]


def expected_rows(database, run):
	"""step -> name -> value, as the store has them."""
	rows, before, seconds = {}, 0, 0.0
	for point in database.execute("SELECT * FROM metric_points WHERE run_id = ? ORDER BY step", [run]):
		row = rows.setdefault(point["step"], {"time": point["time"]})
		row.update({name: point[column] for name, column in POINTS.items()})
		seconds += (point["step"] - before) * BATCH / point["images_per_second"] # pauses do not count
		before = point["step"]
		row.update(images=float(before * BATCH), seconds=seconds)
	for sample in database.execute("SELECT * FROM samples WHERE run_id = ? AND seed = 0 AND diversity IS NOT NULL", [run]):
		rows.setdefault(sample["step"], {})["samples/diversity"] = sample["diversity"]
	for score in database.execute("SELECT * FROM scores WHERE run_id = ? AND identity = ?", [run, IDENTITY]):
		row = rows.setdefault(score["step"], {"time": score["time"]})
		row.update({name: score[column] for name, column in SCORES.items()}, scores=IDENTITY)
	return {step: {name: value for name, value in row.items() if value is not None} for step, row in rows.items()}


def close(told, stored):
	return told == stored if isinstance(stored, str) else math.isclose(float(told), stored, rel_tol=1e-8)


def check_line(line, run, rows):
	expected = dict(rows[int(line.pop("step"))])
	assert line.pop("run") == run
	time = expected.pop("time", None)
	if time is not None:
		told = datetime.datetime.strptime(line.pop("timestamp"), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
		assert abs(told.timestamp() - time) < 0.001
	assert set(line) == set(expected), f"{set(line) ^ set(expected)}"
	for name, value in expected.items():
		assert close(line[name], value), f"{name}: {line[name]} told, {value} stored"


def check_lines(program, database):
	rows = {"a": expected_rows(database, 1), "b": expected_rows(database, 2)}
	text = program.run("runs", "export", "a", "b").stdout.decode()
	lines = list(csv.DictReader(io.StringIO(text, newline="")))
	assert text.startswith("step,timestamp,run,") and len(lines) == len(rows["a"]) + len(rows["b"]) > 14
	for line in lines:
		check_line({name: value for name, value in line.items() if value != ""}, line["run"], rows[line["run"]])
	parsed = [json.loads(line) for line in program.out("runs", "export", "a", "b", "--format", "jsonl").splitlines()]
	assert len(parsed) == len(lines)
	for line in parsed:
		check_line(line, line["run"], rows[line["run"]])
	told = json.loads(program.out("runs", "export", "a", "--output", "a.csv", "--json"))
	assert told["files"] == ["a.csv"] and told["runs"] == [{"run": "a", "rows": len(rows["a"])}]
	with open(os.path.join(program.folder, "a.csv"), newline="", encoding="utf-8") as file:
		assert file.read() == program.run("runs", "export", "a").stdout.decode()


# ---- event files ----

def crc32c(data):
	crc = 0xFFFFFFFF
	for byte in data:
		crc ^= byte
		for _ in range(8):
			crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
	return crc ^ 0xFFFFFFFF


def masked(data):
	crc = crc32c(data)
	return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
	while data:
		length, check = struct.unpack("<QI", data[:12])
		assert check == masked(data[:8])
		body, (end,) = data[12:12 + length], struct.unpack("<I", data[12 + length:16 + length])
		assert len(body) == length and end == masked(body)
		yield body
		data = data[16 + length:]


def varint(data, at):
	value = shift = 0
	while True:
		value |= (data[at] & 0x7F) << shift
		at, shift = at + 1, shift + 7
		if not data[at - 1] & 0x80:
			return value, at


def fields(data):
	"""number -> values, as they stand in a message."""
	found, at = {}, 0
	while at < len(data):
		key, at = varint(data, at)
		if key & 7 == 0:
			value, at = varint(data, at)
		elif key & 7 == 2:
			length, at = varint(data, at)
			value, at = data[at:at + length], at + length
			assert len(value) == length
		else:
			form = {1: "<d", 5: "<f"}[key & 7]
			value, at = struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
		found.setdefault(key >> 3, []).append(value)
	return found


def read_events(path):
	"""The values of an event file: (step, tag) -> fields of the value, times apart."""
	with open(path, "rb") as file:
		bodies = list(records(file.read()))
	assert fields(bodies[0])[3] == [b"brain.Event:2"]
	values, times = {}, {}
	for body in bodies[1:]:
		event = fields(body)
		step = event[2][0]
		for value in fields(event[5][0])[1]:
			value = fields(value)
			values[step, value[1][0].decode()] = value
			times[step, value[1][0].decode()] = event[1][0]
	return values, times


def doubles(data):
	return struct.unpack(f"<{len(data) // 8}d", data)


def check_histogram(value, stats, database):
	histogram = fields(value[5][0])
	counts = [0] * stats["bins"]
	for row in database.execute("SELECT bin, count FROM layer_bins WHERE stats_id = ?", [stats["id"]]):
		counts[row["bin"]] = row["count"]
	limits = doubles(histogram[6][0])
	assert list(doubles(histogram[7][0])) == counts and histogram[3] == [sum(counts)] == [stats["weights"]]
	assert len(limits) == len(counts) and math.isclose(limits[-1], stats["histogram_max"], rel_tol=1e-9, abs_tol=1e-12)
	assert list(limits) == sorted(limits) and histogram[1] == [stats["histogram_min"]] and histogram[2] == [stats["histogram_max"]]


def check_events(program, database):
	assert crc32c(b"123456789") == 0xE3069283
	told = json.loads(program.out("runs", "export", "a", "b", "--format", "tensorboard", "-o", "boards", "--json"))
	assert len(told["files"]) == 2 and re.fullmatch(r"boards/a/events\.out\.tfevents\.\d+\.\S+", told["files"][0])
	values, times = read_events(os.path.join(program.folder, told["files"][0]))
	scalars = 0
	for step, row in expected_rows(database, 1).items():
		for name, value in row.items():
			if name not in ("time", "scores"):
				assert values[step, name][2] == [single(value)]
				assert "time" not in row or times[step, name] == row["time"]
				scalars += 1
	assert scalars > 50
	pictures = 0
	for sample in database.execute("SELECT * FROM samples WHERE run_id = 1 AND seed = 0"):
		picture = fields(values[sample["step"], "samples/fixed noise"][4][0])
		width, height = struct.unpack(">II", sample["png"][16:24])
		assert picture == {1: [height], 2: [width], 3: [3], 4: [sample["png"]]}
		pictures += 1
	layers = 0
	for stats in database.execute("SELECT * FROM layer_stats WHERE run_id = 1"):
		name = f"{stats['network']}.{stats['layer']}"
		check_histogram(values[stats["step"], f"weights/{name}"], stats, database)
		assert values[stats["step"], f"bits/{name}"][2] == [stats["bits"]]
		assert values[stats["step"], f"utilization/{name}"][2] == [single(stats["utilization"])]
		layers += 1
	assert pictures >= 4 and layers >= 32
	tensor = fields(values[7, "journal"][8][0])
	assert tensor[1] == [7] and tensor[8] == [b"G bits 32 > 3 | *bold*"]
	assert fields(fields(values[7, "journal"][9][0])[1][0])[1] == [b"text"]
	assert b"| g-bits | 3 |" in fields(values[0, "settings"][8][0])[8][0]
	program.run("runs", "export", "a", "--format", "tensorboard", "-o", "boards")
	assert len(os.listdir(os.path.join(program.folder, "boards", "a"))) == 1 # took the place of the older one


# ---- pictures and the report ----

def check_png(path):
	"""Width, height, and that something is drawn: 8-bit RGB without interlacing, as cairo writes it."""
	with open(path, "rb") as file:
		data = file.read()
	assert data[:8] == b"\x89PNG\r\n\x1a\n"
	at, packed = 8, b""
	while at < len(data):
		length, kind = struct.unpack(">I4s", data[at:at + 8])
		assert struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0] == zlib.crc32(data[at + 4:at + 8 + length])
		packed += data[at + 8:at + 8 + length] if kind == b"IDAT" else b""
		at += 12 + length
	assert len(set(zlib.decompress(packed))) > 20
	return struct.unpack(">II", data[16:24])


def check_charts(program):
	for name in "loss", "outputs", "gradients", "fid", "kid", "is", "diversity", "speed":
		program.run("runs", "export", "a", "--format", "png", "--chart", name)
		assert check_png(os.path.join(program.folder, f"a-{name}.png")) == (1200, 560)
	program.run("runs", "export", "a", "b", "--format", "png", "-o", "both.png")
	assert check_png(os.path.join(program.folder, "both.png")) == (1200, 560)


def check_report(program):
	told = json.loads(program.out("report", "a", "b", "-o", "both", "--json"))
	folder = os.path.join(program.folder, "both")
	assert sorted(told["files"]) == sorted(os.listdir(folder)) and "report.md" in told["files"]
	with open(os.path.join(folder, "report.md"), encoding="utf-8") as file:
		report = file.read()
	links = re.findall(r"!\[[^]]*\]\(([^)]+)\)", report)
	assert sorted(links + ["report.md"]) == sorted(told["files"]) and len(links) == 10
	differing = report.split("## Settings that differ")[1].split("##")[0]
	assert set(re.findall(r"^\| ([a-z0-9-]+) \|", differing, re.M)) == {"setting", "d-bits", "g-bits", "seed", "steps"}
	assert "60.25 ± 1.50" in report and "another" in report and "G bits 32 \\> 3 \\| \\*bold\\*" in report
	program.run("report", "a")
	with open(os.path.join(program.folder, "report-a", "report.md"), encoding="utf-8") as file:
		report = file.read()
	assert report.startswith("# a\n") and "| layers-every | 5 |" in report and report.count("![step ") == 4


def check_mistakes(program):
	before = sorted(os.listdir(program.folder))

	def fails(status, said, *words):
		done = program.run(*words, status=status)
		assert said in done.stderr.decode() and not done.stdout, f"{words}: {done.stderr.decode()}"
	fails(2, "which runs?", "runs", "export")
	fails(2, "nobody", "runs", "export", "a", "nobody", "-o", "no.csv")
	fails(2, "csv, jsonl, tensorboard, png", "runs", "export", "a", "--format", "xls")
	fails(2, "--output FILE", "runs", "export", "a", "--json")
	fails(2, "needs a name", "runs", "export", "a", "--format", "png", "-o", "-")
	fails(2, "b has no values for the chart fid", "runs", "export", "b", "--format", "png", "--chart", "fid")
	fails(1, "nowhere/a.csv", "runs", "export", "a", "-o", "nowhere/a.csv")
	fails(1, "a.csv", "runs", "export", "a", "--format", "tensorboard", "-o", "a.csv")
	fails(2, "nobody", "report", "nobody", "-o", "no")
	fails(1, "a.csv", "report", "a", "-o", "a.csv")
	assert sorted(os.listdir(program.folder)) == before


def main():
	with tempfile.TemporaryDirectory() as folder:
		program = Program(os.path.abspath(sys.argv[1]), folder)
		database = make_store(program)
		check_lines(program, database)
		check_events(program, database)
		check_charts(program)
		check_report(program)
		check_mistakes(program)
		database.close()
	print("exports and reports are what the store says")


if __name__ == "__main__":
	main()
