/** For a node of the cluster, `--import`ed: it holds nothing that its parent does not need, so it ends at once with it. */
process.stdin.resume().on('close', () => process.exit(1))
