using System.Collections;
using System.Reflection;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>Finds modules and parameters that a module keeps in a field, a list or a captured variable without having registered them: the optimizer would not move
/// their weights, and no file would have them.</summary>
internal static class Unregistered
{
    /// <summary>Where such a one is, with the remedy; null: all are registered.</summary>
    /// <param name="root">Looked through with all modules that are registered in it.</param>
    internal static string? Of(nn.Module root)
    {
        var modules = root.modules().Prepend(root).ToHashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        var weights = root.parameters().Select(weight => weight.Handle).ToHashSet();
        foreach (var module in modules.Where(module => module.GetType().Assembly != typeof(nn.Module).Assembly))
        foreach (var (name, value) in Fields(module))
        foreach (var item in Items(value))
        {
            var isMissing = item switch
            {
                nn.Module inner => inner.parameters().Any(IsMissing),
                Parameter weight => IsMissing(weight),
                _ => false,
            };
            if (isMissing)
                return $"its {module.GetType().Name} keeps weights in '{name}' that are not registered, so that they would never be trained; "
                    + "register them (RegisterComponents for fields, register_module for each of a list, or a ModuleList).";
        }
        return null;

        // One that is frozen on purpose need not be registered.
        bool IsMissing(Parameter weight) => weight.requires_grad && !weights.Contains(weight.Handle);
    }

    /// <summary>The fields of an object down to TorchSharp's own classes.</summary>
    private static IEnumerable<(string Name, object? Value)> Fields(object owner)
    {
        const BindingFlags Declared =
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        for (
            var type = owner.GetType();
            type is not null && type.Assembly != typeof(nn.Module).Assembly;
            type = type.BaseType
        )
            foreach (var field in type.GetFields(Declared))
                yield return (field.Name.TrimStart('<').Split('>')[0], field.GetValue(owner));
    }

    /// <summary>What a field holds: the object, or the members of a list, a map or a tuple of them.</summary>
    private static IEnumerable<object?> Items(object? value) =>
        value switch
        {
            nn.Module or Tensor or string => [value],
            IDictionary map => map.Values.Cast<object?>(),
            // Not what is computed as it is read. F#'s lists are no ICollection.
            IEnumerable list and (ICollection or IReadOnlyCollection<object>) => list.Cast<object?>().SelectMany(Items),
            System.Runtime.CompilerServices.ITuple tuple => Enumerable
                .Range(0, tuple.Length)
                .SelectMany(i => Items(tuple[i])),
            _ => [value],
        };
}
