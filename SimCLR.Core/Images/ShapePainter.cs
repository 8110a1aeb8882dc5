using System.Numerics;

namespace SimCLR.Core.Images;

/// <summary>
/// Paints one image of <see cref="Shapes"/>: an object whose outline and filling are its class's, and whose colours,
/// place, scale and angle, like background, light and noise, are drawn without regard to the class.
/// </summary>
internal sealed class ShapePainter
{
    private const int Blobs = 4;

    private readonly int size;
    private readonly (Vector2 At, float Radius, Vector3 Colour)[] blobs = new (Vector2, float, Vector3)[Blobs];
    private SplitMix random;
    private Vector3 near,
        far,
        front,
        back;
    private Vector2 slope,
        light,
        centre,
        turn,
        phase;
    private float radius,
        period,
        brightness,
        noise;

    /// <summary>Draws the nuisance of one image.</summary>
    /// <param name="size">Side in pixels.</param>
    /// <param name="random">The only source of randomness.</param>
    internal ShapePainter(int size, SplitMix random)
    {
        this.size = size;
        this.random = random;
        DrawBackground();
        DrawObject();
    }

    /// <summary>Paints into planes of red, green and blue, each size x size, one after the other.</summary>
    internal void Paint(int label, Span<byte> planes)
    {
        var (_, outline, filling) = ShapeForms.Classes[label];
        for (var y = 0; y < size; y++)
        for (var x = 0; x < size; x++)
        {
            var at = new Vector2(x + 0.5f, y + 0.5f);
            var local = Turn(at - centre);
            var edge = outline(local / radius) * radius;
            var colour = Background(at / size);
            if (edge < 1)
            {
                var fill = Vector3.Lerp(back, front, Cover(filling(local / period + phase, edge / period) * period));
                colour = Vector3.Lerp(colour, fill, Cover(edge));
            }
            Store(planes, y * size + x, Light(at / size, colour));
        }
    }

    private void DrawBackground()
    {
        (near, far) = (Colour(), Colour());
        slope = Direction() * random.Uniform(0.3f, 1f);
        for (var i = 0; i < Blobs; i++)
            blobs[i] = (new Vector2(random.Uniform(0, 1), random.Uniform(0, 1)), random.Uniform(0.08f, 0.3f), Colour());
        light = Direction() * random.Uniform(0, 0.4f);
        brightness = random.Uniform(0.7f, 1.1f);
        noise = random.Uniform(0.01f, 0.06f);
    }

    private void DrawObject()
    {
        radius = random.Uniform(0.28f, 0.48f) * size;
        var margin = 0.7f * radius;
        centre = new Vector2(random.Uniform(margin, size - margin), random.Uniform(margin, size - margin));
        var angle = random.Uniform(-0.2f, 0.2f);
        turn = new Vector2(MathF.Cos(angle), MathF.Sin(angle));
        if (random.Coin())
            turn.X = -turn.X;
        period = random.Uniform(0.13f, 0.2f) * size;
        phase = new Vector2(random.Uniform(0, 1), random.Uniform(0, 1));
        do (front, back) = (Colour(), Colour());
        while (MathF.Abs(Luminance(front) - Luminance(back)) < 0.3f);
    }

    private Vector3 Background(Vector2 at)
    {
        var colour = Vector3.Lerp(near, far, Math.Clamp(0.5f + Vector2.Dot(at - new Vector2(0.5f), slope), 0, 1));
        foreach (var (place, reach, tint) in blobs)
        {
            var distance = Vector2.DistanceSquared(at, place) / (reach * reach);
            if (distance < 1)
                colour = Vector3.Lerp(colour, tint, 0.8f * (1 - distance) * (1 - distance));
        }
        return colour;
    }

    private Vector3 Light(Vector2 at, Vector3 colour) =>
        colour * (brightness + Vector2.Dot(at - new Vector2(0.5f), light))
        + noise * new Vector3(random.Uniform(-1, 1), random.Uniform(-1, 1), random.Uniform(-1, 1));

    private void Store(Span<byte> planes, int at, Vector3 colour)
    {
        var area = size * size;
        colour = Vector3.Clamp(colour, Vector3.Zero, Vector3.One) * 255;
        planes[at] = (byte)(colour.X + 0.5f);
        planes[area + at] = (byte)(colour.Y + 0.5f);
        planes[2 * area + at] = (byte)(colour.Z + 0.5f);
    }

    /// <summary>Part of a pixel inside an edge at that signed distance, in pixels.</summary>
    private static float Cover(float distance) => Math.Clamp(0.5f - distance, 0, 1);

    /// <summary>Turns, and mirrors where turn's first component is negative.</summary>
    private Vector2 Turn(Vector2 at)
    {
        if (turn.X < 0)
            at.X = -at.X;
        var cos = MathF.Abs(turn.X);
        return new Vector2(cos * at.X + turn.Y * at.Y, cos * at.Y - turn.Y * at.X);
    }

    private Vector3 Colour() => new(random.Uniform(0, 1), random.Uniform(0, 1), random.Uniform(0, 1));

    private Vector2 Direction()
    {
        var (sin, cos) = MathF.SinCos(random.Uniform(0, 2 * MathF.PI));
        return new Vector2(cos, sin);
    }

    private static float Luminance(Vector3 colour) => Vector3.Dot(colour, new Vector3(0.299f, 0.587f, 0.114f));
}
