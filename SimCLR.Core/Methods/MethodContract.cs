using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>What a method must keep to be trained with, tried on a few steps of a tiny network.</summary>
public static class MethodContract
{
    private const int Side = 8;
    private const double Tolerance = 1e-9;

    /// <summary>What a method does wrong, each with a remedy; nothing for one that can be trained with: its loss is finite and the same when it is asked for again, has the gradient of
    /// the whole batch when the batch comes in parts, moves weights, those of the evaluated encoder among them, and what it moves stands in its state.</summary>
    /// <param name="spec">Makes it, some times, on the CPU.</param>
    /// <param name="head">The projection head.</param>
    /// <param name="batchSize">Images of a step, 2 or more.</param>
    /// <param name="images">Training images, as many as a batch or more.</param>
    public static IReadOnlyList<string> Check(IMethodSpec spec, HeadSpec head, int batchSize = 16, long images = 64)
    {
        LibTorch.Load();
        using var scope = NewDisposeScope();
        try
        {
            using var pixels = Pixels(Math.Max(images, batchSize));
            var wrong = new List<string>();
            var training = Training(
                new FunctionMethodSpec(context => new AskedTwice(spec.Create(context), wrong)),
                head,
                batchSize
            );
            var whole = After(training, pixels, 3);
            return wrong.Count > 0 ? wrong : [.. Wrong(Training(spec, head, batchSize), pixels, whole)];
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return [$"it fails in a step of {batchSize} images: {error.Message.Trim()}"];
        }
    }

    private static IEnumerable<string> Wrong(PretrainingSpec spec, ImageSet pixels, Dictionary<string, Tensor> whole)
    {
        foreach (var figure in Unmeasured(spec, pixels))
            yield return $"a collapse looks at the figure '{figure}', which is not in Figures; give it there and in Measure.";
        var before = After(spec, pixels, 0);
        bool Moves(IEnumerable<string> names) => names.Any(name => !before[name].Equals(whole[name]));
        var (moved, evaluated, missing) = Weights(spec, pixels);
        if (missing.FirstOrDefault() is { } lost)
            yield return $"the optimizer moves '{lost}', which is not in State, so that checkpoints would lose it; give the parameters of its own networks in State, by name.";
        else if (whole.Values.Any(tensor => !tensor.isfinite().all().item<bool>()))
            yield return "its state is not finite after three steps.";
        else if (!Moves(moved))
            yield return "no weight moves in three steps; give the networks' parameters in Groups, and a loss with a gradient.";
        else if (!Moves(evaluated))
            yield return "no weight of the encoder that is evaluated moves in three steps; give its parameters in Groups, or have it follow in AfterStep.";
        else if (!Same(whole, After(spec, pixels, 3), 0))
            yield return "the same steps come to other weights when they are taken again; draw from the context's Streams alone.";
        else if (!Same(whole, TakenUp(spec, pixels), 0))
            yield return "a training that is taken up goes on otherwise; what moves in AfterStep belongs into State, and what depends on the step is found from its number.";
        else if (
            spec.BatchSize >= 4
            && !Same(
                After(Frozen(spec, spec.BatchSize), pixels, 1),
                After(Frozen(spec, (spec.BatchSize + 1) / 2), pixels, 1),
                Tolerance
            )
        )
            yield return "a batch in two parts comes to other weights than a whole one; the loss must be of the embeddings alone.";
    }

    /// <summary>Figures that collapses look at and that the training does not have.</summary>
    private static List<string> Unmeasured(PretrainingSpec spec, ImageSet images)
    {
        using var training = new Pretraining(spec, images, CPU);
        var known = ((ITrainee)training).Figures.Select(figure => figure.Name).Append(TrainingProgress.GradientNorm);
        return [.. training.Collapses.Select(collapse => collapse.Figure).Except(known)];
    }

    /// <summary>Names in the state of what the optimizer moves and of the evaluated encoder's parameters; and the method's names of those of either that are
    /// not in the state.</summary>
    private static (List<string> Moved, List<string> Evaluated, List<string> Missing) Weights(
        PretrainingSpec spec,
        ImageSet images
    )
    {
        using var training = new Pretraining(spec, images, CPU);
        var names = new Dictionary<nint, string>();
        foreach (var (name, tensor) in training.State)
            names.TryAdd(tensor.Handle, name);
        var moved = training.Groups.SelectMany(group => group.Parameters).ToList();
        var evaluated = training.Encoder.named_parameters().ToList();
        List<string> Known(IEnumerable<Tensor> tensors) =>
            [.. tensors.Where(tensor => names.ContainsKey(tensor.Handle)).Select(tensor => names[tensor.Handle])];
        return (
            Known(moved.Select(named => named.Parameter)),
            Known(evaluated.Select(named => named.parameter)),
            [
                .. moved
                    .Select(named => (named.Name, Tensor: (Tensor)named.Parameter))
                    .Concat(
                        evaluated.Select(named =>
                            (Name: $"{training.Evaluated}.encoder.{named.name}", Tensor: (Tensor)named.parameter)
                        )
                    )
                    .Where(named => !names.ContainsKey(named.Tensor.Handle))
                    .Select(named => named.Name),
            ]
        );
    }

    private static PretrainingSpec Training(IMethodSpec method, HeadSpec head, int batchSize)
    {
        var view = new Sequence(new RandomResizedCrop(Side), new HorizontalFlip());
        return new PretrainingSpec
        {
            ViewA = view,
            ViewB = view,
            Encoder = new SmallConvSpec([4]),
            Head = head,
            Method = method,
            Optimizer = new SgdSpec(),
            LearningRate = 0.01,
            BatchSize = batchSize,
            Epochs = 100,
            Precision = Precision.Float32,
            Type = ScalarType.Float64,
            MayBeRecorded = false,
        };
    }

    private static PretrainingSpec Frozen(PretrainingSpec spec, int part) =>
        spec with
        {
            MicroBatches = new MicroBatches(part, FreezeBatchNorm: true),
        };

    /// <summary>So many images of noise, of which 64 differ.</summary>
    private static ImageSet Pixels(long count)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var some = randint(0, 256, [64, 3, Side, Side], ScalarType.Byte, generator: generator);
        using var set = new ImageSet(some, arange(64) % 2, ["a", "b"]);
        return set.Select(arange(count) % 64);
    }

    /// <summary>The state after some steps, by name.</summary>
    private static Dictionary<string, Tensor> After(PretrainingSpec spec, ImageSet images, int steps)
    {
        using var training = new Pretraining(spec, images, CPU);
        Take(training, steps);
        return Copied(training);
    }

    /// <summary>The state after two steps, and one by another that has taken that up.</summary>
    private static Dictionary<string, Tensor> TakenUp(PretrainingSpec spec, ImageSet images)
    {
        var saved = After(spec, images, 2);
        using var training = new Pretraining(spec, images, CPU);
        using (no_grad())
            foreach (var (name, tensor) in training.State)
                tensor.copy_(saved[name]);
        ((ITrainee)training).Restore(2);
        Take(training, 1);
        return Copied(training);
    }

    private static void Take(Pretraining training, int steps)
    {
        for (var step = 0; step < steps; step++)
            training.TrainStep().Dispose();
    }

    private static Dictionary<string, Tensor> Copied(Pretraining training)
    {
        using var noGrad = no_grad();
        return training.State.ToDictionary(named => named.Key, named => named.Value.detach().clone());
    }

    private static bool Same(Dictionary<string, Tensor> a, Dictionary<string, Tensor> b, double tolerance) =>
        a.Keys.Order().SequenceEqual(b.Keys.Order())
        && a.All(named =>
            tolerance == 0 ? named.Value.Equals(b[named.Key]) : named.Value.allclose(b[named.Key], tolerance, tolerance)
        );
}
