namespace SimCLR.Core.Optimizers;

/// <summary>How long a part of a schedule lasts.</summary>
public enum LengthUnit
{
    /// <summary>Passes over the images.</summary>
    Epochs,

    /// <summary>Parts of the stretch that is divided, from 0 to 1.</summary>
    Share,

    /// <summary>Steps of the optimizer.</summary>
    Steps,
}

/// <summary>The length of a part of a schedule.</summary>
/// <param name="Amount">0 or more.</param>
/// <param name="Unit">What is counted.</param>
public readonly record struct ScheduleLength(double Amount, LengthUnit Unit)
{
    /// <summary>In steps, no longer than the stretch.</summary>
    internal double In(Stretch stretch) =>
        Math.Min(
            stretch.Steps,
            Unit switch
            {
                LengthUnit.Epochs => Amount * stretch.StepsPerEpoch,
                LengthUnit.Share => Amount * stretch.Steps,
                _ => Amount,
            }
        );
}

/// <summary>Some steps of a training.</summary>
/// <param name="Steps">How many.</param>
/// <param name="StepsPerEpoch">Steps of a pass over the images.</param>
public readonly record struct Stretch(double Steps, double StepsPerEpoch)
{
    /// <summary>Which part of it is done before a step, from 0 to 1.</summary>
    internal double Progress(double step) => Math.Clamp(step / Math.Max(1, Steps), 0, 1);
}

/// <summary>What the learning rate does over a stretch of a training: the factor of the highest rate, step by step.</summary>
public abstract record Decay
{
    /// <summary>Half a cosine to 0, without restarts (Loshchilov and Hutter 2017, 1608.03983).</summary>
    public static Decay Cosine { get; } = new CosineDecay(1, 0);

    /// <summary>The factor 1 throughout.</summary>
    public static Decay Constant { get; } = new PowerDecay(1, 1, 1);

    /// <summary>The factor at a step.</summary>
    /// <param name="step">Of the stretch, counted from 0.</param>
    /// <param name="stretch">What the decay is over.</param>
    public abstract double At(double step, Stretch stretch);
}

/// <summary>Half a cosine from one factor to another.</summary>
/// <param name="From">Factor of the first step.</param>
/// <param name="Until">Factor that the last steps come near to.</param>
public sealed record CosineDecay(double From, double Until) : Decay
{
    /// <inheritdoc/>
    public override double At(double step, Stretch stretch) =>
        Until + (From - Until) * 0.5 * (1 + Math.Cos(Math.PI * stretch.Progress(step)));
}

/// <summary>A power of what is left, from one factor to another: straight at exponent 1, polynomial decay above.</summary>
/// <param name="From">Factor of the first step.</param>
/// <param name="Until">Factor that the last steps come near to.</param>
/// <param name="Exponent">The power, above 0.</param>
public sealed record PowerDecay(double From, double Until, double Exponent) : Decay
{
    /// <inheritdoc/>
    public override double At(double step, Stretch stretch) =>
        Until + (From - Until) * Math.Pow(1 - stretch.Progress(step), Exponent);
}

/// <summary>The factor 1 at first, and from each place on that place's factor.</summary>
/// <param name="Places">Where the factor changes, in order, and the factor from there on.</param>
public sealed record StepDecay(IReadOnlyList<(ScheduleLength At, double Factor)> Places) : Decay
{
    /// <inheritdoc/>
    public override double At(double step, Stretch stretch) =>
        Places.LastOrDefault(place => step >= place.At.In(stretch), (default, 1)).Factor;
}

/// <summary>One decay over a length, then another over the rest.</summary>
/// <param name="First">What comes first.</param>
/// <param name="Length">How long it lasts.</param>
/// <param name="Rest">What comes then.</param>
public sealed record ThenDecay(Decay First, ScheduleLength Length, Decay Rest) : Decay
{
    /// <inheritdoc/>
    public override double At(double step, Stretch stretch)
    {
        var length = Length.In(stretch);
        return step < length
            ? First.At(step, stretch with { Steps = length })
            : Rest.At(step - length, stretch with { Steps = stretch.Steps - length });
    }
}

/// <summary>The same decay several times, each over as many steps: warm restarts (Loshchilov and Hutter 2017, 1608.03983).</summary>
/// <param name="Each">The decay.</param>
/// <param name="Times">How often, 1 or more.</param>
public sealed record RepeatDecay(Decay Each, int Times) : Decay
{
    /// <inheritdoc/>
    public override double At(double step, Stretch stretch)
    {
        var length = stretch.Steps / Times;
        var done = length > 0 ? Math.Clamp(Math.Floor(step / length), 0, Times - 1) : 0;
        return Each.At(step - done * length, stretch with { Steps = length });
    }
}
