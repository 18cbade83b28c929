// What onnxruntime takes for a model: node compare_onnxruntime.js NODE_MODULES FILE.onnx LATENT BATCH THREADS SECONDS
// Prints {"version", "ms": best, "median_ms"} of one run of the whole batch.
"use strict";
const [modules, file, latent, batch, threads, seconds] = process.argv.slice(2);
const runtime = require(require.resolve("onnxruntime-node", {paths: [modules]}));

async function main() {
	const session = await runtime.InferenceSession.create(file, {
		executionProviders: ["cpu"], graphOptimizationLevel: "all", executionMode: "sequential",
		intraOpNumThreads: Number(threads), interOpNumThreads: 1,
	});
	const shape = [Number(batch), Number(latent), 1, 1];
	const noise = Float32Array.from({length: shape[0] * shape[1]}, (_, i) => Math.sin(i * 12.9898) * 1.5);
	const feeds = {[session.inputNames[0]]: new runtime.Tensor("float32", noise, shape)};
	for (let i = 0; i < 3; i++)
		await session.run(feeds);
	const times = [];
	const until = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
	while (times.length < 3 || process.hrtime.bigint() < until) {
		const start = process.hrtime.bigint();
		await session.run(feeds);
		times.push(Number(process.hrtime.bigint() - start) / 1e6);
	}
	times.sort((a, b) => a - b);
	console.log(JSON.stringify({version: runtime.env.versions.node, ms: times[0], median_ms: times[times.length >> 1]}));
}

main();
