namespace SimCLR.Core.Views;

/// <summary>Which source numbers make each target number, and with what weights: a row of <see cref="ResizeFilter"/>'s or of a blur's matrix without its zeros.</summary>
internal sealed class PixelTaps
{
    private int[] _index = [];
    private float[] _weight = [];

    /// <summary>Number of targets.</summary>
    internal int Targets { get; private set; }

    /// <summary>Number of sources for each of them.</summary>
    internal int Count { get; private set; }

    /// <summary>The sources of a target.</summary>
    internal ReadOnlySpan<int> Index(int target) => _index.AsSpan(target * Count, Count);

    /// <summary>Their weights.</summary>
    internal ReadOnlySpan<float> Weight(int target) => _weight.AsSpan(target * Count, Count);

    /// <summary>Resampling of a stretch, as <see cref="ResizeFilter.Weights"/> has it.</summary>
    /// <param name="start">The stretch's first source.</param>
    /// <param name="length">Sources in the stretch.</param>
    /// <param name="targets">Targets.</param>
    /// <param name="interpolation">How sources between sources are computed.</param>
    /// <param name="antialias">Whether shrinking averages over all sources that it covers.</param>
    internal void Resize(int start, int length, int targets, Interpolation interpolation, bool antialias)
    {
        var scale = (double)length / targets;
        var stretch = antialias ? Math.Max(scale, 1) : 1;
        var reach = (interpolation == Interpolation.Bilinear ? 1 : 2) * stretch;
        var a = (float)(antialias ? ResizeFilter.Averaging : ResizeFilter.Interpolating);
        Size(targets, (int)Math.Ceiling(2 * reach) + 1);
        for (var target = 0; target < targets; target++)
        {
            var centre = (target + 0.5) * scale;
            if (!antialias && interpolation == Interpolation.Bilinear)
                centre = Math.Clamp(centre, 0.5, length - 0.5);
            Fill(target, start, length, centre, stretch, reach, interpolation, a, antialias);
        }
    }

    /// <summary>Convolution with a kernel of odd length; beyond the border the numbers are mirrored, the last not repeated.</summary>
    internal void Convolve(ReadOnlySpan<float> kernel, int length)
    {
        Size(length, kernel.Length);
        var radius = kernel.Length / 2;
        for (var target = 0; target < length; target++)
        {
            kernel.CopyTo(_weight.AsSpan(target * Count));
            for (var tap = 0; tap < Count; tap++)
                _index[target * Count + tap] = length - 1 - Math.Abs(Math.Abs(target + tap - radius) - (length - 1));
        }
    }

    private void Fill(
        int target,
        int start,
        int length,
        double centre,
        double stretch,
        double reach,
        Interpolation interpolation,
        float a,
        bool antialias
    )
    {
        var first = (int)Math.Ceiling(centre - reach - 0.5);
        var sum = 0f;
        for (var tap = 0; tap < Count; tap++)
        {
            var source = first + tap;
            var within = Math.Clamp(source, 0, length - 1);
            var distance = Math.Abs((float)((source + 0.5) / stretch - centre / stretch));
            var weight = interpolation == Interpolation.Bilinear ? Math.Max(1 - distance, 0) : Cubic(distance, a);
            // The averaging filter ends at the border; the four taps of the other fall on its last source.
            if (antialias && within != source)
                weight = 0;
            _index[target * Count + tap] = start + within;
            _weight[target * Count + tap] = weight;
            sum += weight;
        }
        if (antialias)
            foreach (ref var weight in _weight.AsSpan(target * Count, Count))
                weight /= sum;
    }

    private static float Cubic(float x, float a) =>
        x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1
        : x < 2 ? (((x - 5) * x + 8) * x - 4) * a
        : 0;

    private void Size(int targets, int count)
    {
        (Targets, Count) = (targets, count);
        if (_index.Length < targets * count)
            (_index, _weight) = (new int[targets * count], new float[targets * count]);
    }
}
