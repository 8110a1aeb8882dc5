using System.Numerics;

namespace SimCLR.Core.Images;

/// <summary>Signed distances, negative inside, of what <see cref="Shapes"/> draws. All are unchanged, or still of
/// their class, when mirrored.</summary>
internal static class ShapeForms
{
    /// <summary>Distance to an outline of about unit radius.</summary>
    internal delegate float Outline(Vector2 at);

    /// <summary>Distance to a filling of about unit period, which covers about half of the plane; the last argument is
    /// the distance to the outline, in the same unit.</summary>
    internal delegate float Filling(Vector2 at, float edge);

    private static readonly float Root3 = MathF.Sqrt(3);

    /// <summary>Each class has an outline and a filling of its own.</summary>
    internal static readonly (string Name, Outline Outline, Filling Filling)[] Classes =
    [
        ("dotted disc", Disc, Dots),
        ("striped square", Square, Vertical),
        ("barred triangle", Triangle, Horizontal),
        ("checked ring", Ring, Checker),
        ("slanted cross", Cross, Diagonal),
        ("plain star", Star, Plain),
        ("latticed diamond", Diamond, Lattice),
        ("nested hexagon", Hexagon, Nested),
        ("bricked flower", Flower, Bricks),
        ("zigzag crescent", Crescent, Zigzag),
    ];

    private static float Disc(Vector2 at) => at.Length() - 0.95f;

    private static float Square(Vector2 at) => Box(at, 0.82f, 0.82f);

    private static float Triangle(Vector2 at) => MathF.Max(at.Y, MathF.Abs(at.X) * Root3 / 2 - at.Y / 2) - 0.58f;

    private static float Ring(Vector2 at) => MathF.Abs(at.Length() - 0.66f) - 0.32f;

    private static float Cross(Vector2 at) => MathF.Min(Box(at, 0.98f, 0.36f), Box(at, 0.36f, 0.98f));

    /// <summary>Five points: the plane is folded into one half of one point, which is bounded by one line.</summary>
    private static float Star(Vector2 at)
    {
        const float half = MathF.PI / 5;
        var angle = MathF.Atan2(at.X, -at.Y);
        angle = MathF.Abs(angle - 2 * half * MathF.Round(angle / (2 * half)));
        var (sin, cos) = MathF.SinCos(angle);
        var inner = 0.5f * new Vector2(MathF.Cos(half), MathF.Sin(half));
        var along = inner - Vector2.UnitX;
        var from = at.Length() * new Vector2(cos, sin) - Vector2.UnitX;
        return (along.Y * from.X - along.X * from.Y) / along.Length();
    }

    private static float Diamond(Vector2 at) => 0.8f * MathF.Abs(at.X) + 0.6f * MathF.Abs(at.Y) - 0.6f;

    private static float Hexagon(Vector2 at)
    {
        var (x, y) = (MathF.Abs(at.X), MathF.Abs(at.Y));
        return MathF.Max(x, x / 2 + y * Root3 / 2) - 0.85f;
    }

    private static float Flower(Vector2 at) => at.Length() - 0.74f - 0.22f * MathF.Cos(6 * MathF.Atan2(at.Y, at.X));

    private static float Crescent(Vector2 at) =>
        MathF.Max(at.Length() - 0.97f, 0.62f - (at - new Vector2(0.5f, 0)).Length());

    private static float Box(Vector2 at, float width, float height) =>
        MathF.Max(MathF.Abs(at.X) - width, MathF.Abs(at.Y) - height);

    private static float Plain(Vector2 at, float edge) => 1;

    private static float Vertical(Vector2 at, float edge) => Wave(at.X);

    private static float Horizontal(Vector2 at, float edge) => Wave(at.Y);

    private static float Diagonal(Vector2 at, float edge) => Wave((at.X + at.Y) * 0.7071f);

    private static float Nested(Vector2 at, float edge) => Wave(edge);

    private static float Zigzag(Vector2 at, float edge) => Wave(at.Y + 1.2f * Fold(at.X * 0.6f)) * 0.8f;

    private static float Dots(Vector2 at, float edge) => new Vector2(Fold(at.X), Fold(at.Y)).Length() - 0.34f;

    private static float Lattice(Vector2 at, float edge) => MathF.Min(Fold(at.X), Fold(at.Y)) - 0.16f;

    private static float Checker(Vector2 at, float edge)
    {
        var (x, y) = (Wave(at.X * 0.7f) / 0.7f, Wave(at.Y * 0.7f) / 0.7f);
        return MathF.Min(MathF.Abs(x), MathF.Abs(y)) * MathF.Sign(x) * MathF.Sign(y);
    }

    private static float Bricks(Vector2 at, float edge)
    {
        var row = MathF.Floor(at.Y);
        var shift = 0.5f * (row - 2 * MathF.Floor(row / 2));
        return MathF.Min(Fold(at.Y + 0.5f), Fold(at.X * 0.6f + shift) / 0.6f) - 0.16f;
    }

    /// <summary>Distance to the nearest whole number.</summary>
    private static float Fold(float at) => MathF.Abs(at - MathF.Round(at));

    /// <summary>Distance to bands that cover half of the line.</summary>
    private static float Wave(float at) => Fold(at) - 0.25f;
}
