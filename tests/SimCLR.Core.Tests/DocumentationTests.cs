using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests;

/// <summary>What can be told by machine of the public API's documentation: the file that the build writes beside the assembly.</summary>
public sealed class DocumentationTests
{
    private const BindingFlags Declared =
        BindingFlags.DeclaredOnly
        | BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Instance
        | BindingFlags.Static;

    private static readonly Assembly Library = typeof(Core.Losses.ILoss).Assembly;

    private static readonly Dictionary<string, XElement> Written = XDocument
        .Load(Path.ChangeExtension(Library.Location, ".xml"))
        .Descendants("member")
        .ToDictionary(member => member.Attribute("name")!.Value);

    [Fact]
    public void Every_public_type_and_member_has_a_summary_that_is_a_sentence() =>
        RequireNone(Public().Where(member => !IsSentence(member)).Select(Id));

    [Fact]
    public void Whoever_takes_or_returns_a_tensor_is_told_its_shape() =>
        RequireNone(Public().OfType<MethodBase>().SelectMany(Unshaped));

    [Fact]
    public void Errors_that_are_told_of_exist() =>
        RequireNone(
            from member in Public()
            from error in Documentation(member).Elements("exception")
            let name = error.Attribute("cref")!.Value
            where !IsException(name) || error.Value.Trim().Length == 0
            select $"{Id(member)}: {name}"
        );

    private static void RequireNone(IEnumerable<string> faults)
    {
        var list = faults.ToList();
        Assert.True(list.Count == 0, string.Join('\n', list));
    }

    /// <summary>All that others see; what the compiler adds to records, and constructors that nobody wrote, have no text.</summary>
    private static IEnumerable<MemberInfo> Public() =>
        from type in Library.GetExportedTypes()
        from member in type.GetMembers(Declared).Prepend(type)
        where member == type || (IsSeen(member) && !member.IsDefined(typeof(CompilerGeneratedAttribute)))
        where member is not ConstructorInfo made || made.GetParameters().Length > 0 || Written.ContainsKey(Id(member))
        select member;

    private static bool IsSeen(MemberInfo member) =>
        member switch
        {
            PropertyInfo property => property.GetAccessors(true).Any(IsSeenOutside),
            FieldInfo field => (field.IsPublic || field.IsFamily) && !field.IsSpecialName,
            MethodBase method => IsSeenOutside(method)
                && (method.IsConstructor || !method.IsSpecialName || method.Name.StartsWith("op_")),
            _ => false, // nested types are exported by themselves
        };

    private static bool IsSeenOutside(MethodBase method) =>
        method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static XElement Documentation(MemberInfo member) =>
        Written.GetValueOrDefault(Id(member)) ?? new XElement("member");

    private static bool IsInherited(MemberInfo member) => Documentation(member).Elements("inheritdoc").Any();

    /// <summary>A capital, a number or a shape begins it, and a full stop ends it.</summary>
    private static bool IsSentence(MemberInfo member) =>
        IsInherited(member)
        || Documentation(member).Element("summary") is { } summary
            && Regex.IsMatch(Text(summary), @"^[\p{Lu}\d\[].*\.$", RegexOptions.Singleline);

    /// <summary>Parameters, and "returns", of type tensor whose shape nothing tells.</summary>
    private static IEnumerable<string> Unshaped(MethodBase method)
    {
        var told = Documentation(method);
        if (
            IsInherited(method)
            || TellsShape(string.Concat(told.Elements("summary").Concat(told.Elements("remarks")).Select(Text)))
        )
            yield break;
        foreach (var parameter in method.GetParameters().Where(parameter => parameter.ParameterType == typeof(Tensor)))
            if (!told.Elements("param").Any(text => text.Attribute("name")!.Value == parameter.Name))
                yield return $"{Id(method)}: {parameter.Name}";
        if (method is MethodInfo { ReturnType: var type } && type == typeof(Tensor) && !told.Elements("returns").Any())
            yield return $"{Id(method)}: returns";
    }

    private static bool TellsShape(string text) => Regex.IsMatch(text, @"\[[\w\p{L}', ·+.-]*\]|\bscalar");

    private static bool IsException(string name) =>
        name.StartsWith("T:")
        && AppDomain
            .CurrentDomain.GetAssemblies()
            .Select(assembly => assembly.GetType(name[2..]))
            .Any(type => type?.IsAssignableTo(typeof(Exception)) is true);

    private static string Text(XElement element) => element.Value.Trim();

    /// <summary>A member's name as the compiler writes it into the file.</summary>
    private static string Id(MemberInfo member)
    {
        if (member is Type type)
            return $"T:{Id(type)}";
        var (kind, parameters) = member switch
        {
            FieldInfo => ('F', []),
            PropertyInfo property => ('P', property.GetIndexParameters()),
            _ => ('M', ((MethodBase)member).GetParameters()),
        };
        var arity = member is MethodInfo { IsGenericMethod: true } method
            ? $"``{method.GetGenericArguments().Length}"
            : "";
        var list = string.Join(',', parameters.Select(parameter => Id(parameter.ParameterType)));
        var name = $"{kind}:{Id(member.DeclaringType!)}.{member.Name.Replace('.', '#')}{arity}";
        return list.Length == 0 ? name : $"{name}({list})";
    }

    private static string Id(Type type) =>
        type switch
        {
            { IsGenericParameter: true } => $"``{type.GenericParameterPosition}",
            { IsArray: true } => $"{Id(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]",
            { IsByRef: true } => $"{Id(type.GetElementType()!)}@",
            { IsGenericType: true } =>
                $"{Regex.Replace(type.GetGenericTypeDefinition().FullName!, "`.*", "").Replace('+', '.')}{{{string.Join(',', type.GetGenericArguments().Select(Id))}}}",
            _ => type.FullName!.Replace('+', '.'),
        };
}
