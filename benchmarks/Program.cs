using System.Diagnostics;
using SimCLR.Benchmarks;
using SimCLR.Core.Runtime;
using static TorchSharp.torch;

LibTorch.Load();
var started = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
var names = StepBenchmark.All.Keys.ToList();
switch (args.FirstOrDefault() ?? "step")
{
    case "list":
        Console.WriteLine("step     views, encoder, loss and the whole training step (the default)");
        Console.WriteLine($"         ./simclr bench step [{string.Join("|", names)}] [batch]");
        Console.WriteLine(
            "stream        [IMAGES] [SIDE] [STEPS]: training from a cache on disk; by default 100,000 images of 224 pixels, 15 GB"
        );
        Console.WriteLine("large-batch   peak memory of a batch in parts, and of NT-Xent at N = 65,536");
        Console.WriteLine(
            "fuzz     damaged files for every reader: ./simclr bench fuzz [count, 100000] [seed, 1] [reader]"
        );
        return 0;
    case "fuzz":
        if (!int.TryParse(args.ElementAtOrDefault(1) ?? "100000", out var count) || count < 1)
            return Fail($"the count is '{args[1]}'; use a whole number of 1 or more");
        if (!int.TryParse(args.ElementAtOrDefault(2) ?? "1", out var seed))
            return Fail($"the seed is '{args[2]}'; use a whole number");
        return Fuzz.Run(count, seed, args.ElementAtOrDefault(3));
    case "step":
        var encoder = args.ElementAtOrDefault(1) ?? names[0];
        if (!StepBenchmark.All.TryGetValue(encoder, out var spec))
            return Fail($"there is no encoder '{encoder}'; choose {string.Join(", ", names)}");
        if (!int.TryParse(args.ElementAtOrDefault(2) ?? "64", out var batch) || batch < 2)
            return Fail($"the batch is '{args[2]}'; use a whole number of 2 or more");
        var device = cuda.is_available() ? CUDA : CPU;
        Console.WriteLine($"{Machine.Describe(device)}\nstart to first tensor: {started:F2} s\n");
        new StepBenchmark(encoder, spec, batch, device).Run();
        return 0;
    case "large-batch":
        LargeBatch.Run(part: 256, batch: 4096, lossCount: 65_536);
        return 0;
    case "stream":
        StreamBenchmark.Run(
            int.Parse(args.ElementAtOrDefault(1) ?? "100000"),
            int.Parse(args.ElementAtOrDefault(2) ?? "224"),
            args.Length > 3 ? int.Parse(args[3]) : null
        );
        return 0;
    default:
        return Fail($"there is no measurement '{args[0]}'; ./simclr bench list names them");
}

static int Fail(string message)
{
    Console.Error.WriteLine($"bench: {message}.");
    return 2;
}
