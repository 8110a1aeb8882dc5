using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using SimCLR.Core.Runtime;

// In this process: a generated project would know neither the launcher's settings nor where libtorch lies.
var job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(8);
var config = DefaultConfig.Instance.AddJob(job).HideColumns(Column.Error, Column.Gen0, Column.Gen1, Column.Gen2);
LibTorch.Load();
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
