using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>A small training by every method, and steps of one on chosen embeddings.</summary>
internal static class Every
{
    private static readonly HeadSpec Plain = new(2, 12, 16, BatchNorm: false);
    private static readonly HeadSpec NoLastNorm = new(2, 12, 16, LastNorm: LastNorm.None);

    /// <summary>For batches of 16 images out of 70.</summary>
    private static readonly Dictionary<string, (IMethodSpec Method, HeadSpec Head)> Specs = new()
    {
        ["SimCLR"] = (new SimClrSpec(new NtXent(0.5), 0.5), new HeadSpec(Output: 12)),
        ["MoCo"] = (new MoCoSpec(48, new(0.9, 0.9), 0.2, NormGroups: 4), Plain),
        ["symmetric MoCo"] = (new MoCoSpec(64, new(0.9, 0.9), 0.2, Symmetric: true), Plain),
        ["SimCLR with memory"] = (new SimClrMemorySpec(48, new(0.9, 0.9), 0.5), new HeadSpec(Output: 12)),
        ["BYOL"] = (new ByolSpec(NoLastNorm, new(0.9, 1)), NoLastNorm),
        ["SimSiam"] = (
            new SimSiamSpec(new HeadSpec(2, 12, 8, LastNorm: LastNorm.None, LastBias: true)),
            new HeadSpec(2, 12, 16, LastNorm: LastNorm.WithoutAffine)
        ),
        ["Barlow Twins"] = (new BarlowTwinsSpec(0.005, 0.1, 0.5), NoLastNorm),
        ["VICReg"] = (new VicRegSpec(), NoLastNorm),
        ["MoCo v3"] = (
            new MoCoV3Spec(NoLastNorm, new(0.9, 1), 0.5),
            new HeadSpec(2, 12, 16, LastNorm: LastNorm.WithoutAffine)
        ),
        ["NNCLR"] = (new NnclrSpec(NoLastNorm, 48, 0.2), new HeadSpec(2, 12, 16, LastNorm: LastNorm.Affine)),
        ["instance discrimination"] = (new InstanceDiscriminationSpec(0.2), new HeadSpec(1, 12, BatchNorm: false)),
        ["instance discrimination by noise"] = (
            new InstanceDiscriminationSpec(0.2, Negatives: 20),
            new HeadSpec(1, 12, BatchNorm: false)
        ),
        ["SwAV"] = (new SwavSpec(20, Queue: 16, QueueFromEpoch: 0.5, FrozenEpochs: 0.5), NoLastNorm),
        ["DINO"] = (new DinoSpec(24, new(0.9, 1), FrozenEpochs: 0.5), NoLastNorm),
        ["LeJEPA"] = (new LeJepaSpec(Directions: 16), NoLastNorm),
        ["SwAV of several crops"] = (new SwavSpec(20, Queue: 16, QueueFromEpoch: 0.5, FrozenEpochs: 0.5), NoLastNorm),
        ["DINO of several crops"] = (
            new DinoSpec(24, new(0.9, 1), FrozenEpochs: 0.5, TeacherWarmup: new TemperatureWarmup(0.03, 2)),
            NoLastNorm
        ),
        ["LeJEPA of several crops"] = (new LeJepaSpec(Directions: 16), NoLastNorm),
    };

    /// <summary>Smaller than the pair, also where that has 8 pixels.</summary>
    private static readonly IView Local = new Sequence(new RandomResizedCrop(6, 0.05, 0.3), new HorizontalFlip());

    private static bool HasCrops(string name) => name.EndsWith("of several crops");

    /// <summary>The names, for theories.</summary>
    public static TheoryData<string> Names => [.. Specs.Keys];

    /// <summary>The methods.</summary>
    internal static IEnumerable<IMethodSpec> All => Specs.Values.Select(spec => spec.Method);

    /// <summary>The training of that method.</summary>
    internal static PretrainingSpec Spec(string name) =>
        Small.Spec() with
        {
            Method = Specs[name].Method,
            Head = Specs[name].Head,
            Optimizer = new SgdSpec(0.9, 1e-4),
            MoreViews = HasCrops(name) ? [Local, Local, Local] : [],
        };

    /// <summary>The views that it sees.</summary>
    internal static IReadOnlyList<IReadOnlyList<int>> Views(string name) =>
        HasCrops(name)
            ?
            [
                [0, 1],
                [2, 3, 4],
            ]
            :
            [
                [0, 1],
            ];

    /// <summary>The method around networks in float64.</summary>
    internal static IMethod Create(string name, Networks networks) =>
        Specs[name].Method.Create(Contexts.Of(networks, 16, 70) with { ViewsBySize = Views(name) });

    /// <summary>A step of it.</summary>
    internal static StepInput Input(long step = 0) =>
        new(step, arange(16), new BatchOrder(new RandomStreams(0), 70, 16));

    /// <summary>Of each embedding, which branch and which view it is of.</summary>
    internal static IReadOnlyList<(Branch Branch, int View)> Places(IMethod method) =>
        [.. method.Branches.SelectMany(branch => branch.Views.Select(view => (branch, view)))];

    /// <summary>Embeddings of so many images for every branch and view, drawn.</summary>
    internal static IReadOnlyList<Embedding> Drawn(IMethod method, int count, long dimensions, bool leaves = false)
    {
        using var generator = new Generator(5, CPU);
        return
        [
            .. Places(method)
                .Select(place => new Embedding(Draw(), place.Branch.Networks.Predictor is null ? null : Draw())),
        ];

        Tensor Draw() => randn([count, dimensions], ScalarType.Float64, generator: generator).requires_grad_(leaves);
    }
}
