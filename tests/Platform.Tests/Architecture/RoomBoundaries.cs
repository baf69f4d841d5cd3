using Mono.Cecil;
using Mono.Cecil.Cil;
using CustomAttributeNamedArgument = Mono.Cecil.CustomAttributeNamedArgument;

namespace Holdfast.Platform.Tests.Architecture;

/// <summary>
/// Which room may call which, checked in the built assembly: base types, fields, signatures, generics, attributes and every
/// instruction, also of lambdas and async state machines (types nested in the type that wrote them).
/// </summary>
public sealed class RoomBoundaries
{
    /// <summary>The arrows; every room may use Kernel, and Kernel uses no room.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Kernel"] = [],
        ["Access"] = [],
        ["Executors"] = [],
        ["Alerts"] = [],
        ["Tracking"] = [],
        ["Data"] = [],
        ["Registry"] = ["Tracking"],
        ["Predictions"] = ["Data"],
        ["Features"] = ["Data"],
        ["Serving"] = ["Registry", "Features", "Data", "Predictions"],
        ["Monitoring"] = ["Predictions", "Data", "Registry", "Features"],
        ["Rollout"] = ["Registry", "Serving", "Predictions", "Monitoring", "Alerts"],
        ["Pipelines"] = ["Executors", "Tracking", "Data", "Registry", "Features"],
        ["Sweeps"] = ["Tracking", "Executors"],
        ["Response"] = ["Monitoring", "Rollout", "Pipelines", "Serving", "Predictions", "Data", "Registry", "Alerts"],
        ["Ci"] = ["Pipelines", "Data", "Features", "Registry", "Serving", "Rollout"],
        ["Lineage"] = ["Tracking", "Data", "Registry", "Serving"],
        ["Projects"] = ["*"],
        ["Maturity"] = ["*"],
    };

    [Fact]
    public void No_type_reaches_a_room_without_an_arrow()
    {
        using var assembly = Platform();
        var faults = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in assembly.MainModule.GetTypes())
        {
            if (RoomOf(type) is not { } from)
                continue;
            foreach (var used in UsesOf(type))
            {
                if (RoomOf(used) is { } to && to != from && to != "Kernel" && !Allowed(from, to))
                    faults.Add($"{from} -> {to}: {Outer(type).FullName} uses {used.FullName}");
            }
        }

        Assert.True(faults.Count == 0, "Undeclared arrows:\n" + string.Join('\n', faults));
    }

    [Fact]
    public void Every_folder_with_types_is_a_declared_room()
    {
        using var assembly = Platform();
        var rooms = assembly.MainModule.GetTypes().Select(RoomOf).OfType<string>().ToHashSet();
        Assert.Empty(rooms.Except(Arrows.Keys));
    }

    [Fact]
    public void The_arrows_have_no_cycle()
    {
        var done = new HashSet<string>();
        void Visit(string room, List<string> path)
        {
            Assert.False(path.Contains(room), "Cycle: " + string.Join(" -> ", [.. path, room]));
            if (!done.Add(room))
                return;
            foreach (var next in Arrows[room].Where(r => r != "*"))
                Visit(next, [.. path, room]);
        }

        foreach (var room in Arrows.Keys)
            Visit(room, []);
    }

    [Fact]
    public void The_check_sees_calls_in_lambdas_async_bodies_generics_and_attributes()
    {
        using var assembly = AssemblyDefinition.ReadAssembly(typeof(RoomBoundaries).Assembly.Location);
        var probe = assembly.MainModule.GetTypes().Single(t => t.Name == nameof(Probe));
        var used = probe.NestedTypes.Append(probe).SelectMany(UsesOf).Select(t => t.Name).ToHashSet();
        Assert.Superset(new HashSet<string> { nameof(InLambda), nameof(InAsync), nameof(InGeneric), nameof(InAttribute) }, used);
    }

    private static bool Allowed(string from, string to) => Arrows[from] is ["*"] || Arrows[from].Contains(to);

    private static AssemblyDefinition Platform() =>
        AssemblyDefinition.ReadAssembly(typeof(Holdfast.Kernel.Principal).Assembly.Location);

    // Holdfast.Serving.Backends belongs to Serving. Types that the compiler puts outside any namespace belong to no room.
    private static string? RoomOf(TypeReference type)
    {
        var outer = Outer(type);
        if (outer.Scope is AssemblyNameReference reference && reference.Name != "Holdfast.Platform")
            return null;
        var parts = outer.Namespace.Split('.');
        return parts is ["Holdfast", var room, ..] ? room : null;
    }

    private static TypeReference Outer(TypeReference type) => type.DeclaringType is { } declaring ? Outer(declaring) : type;

    private static IEnumerable<TypeReference> UsesOf(TypeDefinition type)
    {
        var found = new List<TypeReference?>();
        found.Add(type.BaseType);
        found.AddRange(type.Interfaces.Select(i => i.InterfaceType));
        found.AddRange(type.GenericParameters.SelectMany(Constraints));
        found.AddRange(type.Fields.Select(f => f.FieldType));
        found.AddRange(type.Properties.Select(p => p.PropertyType));
        found.AddRange(type.Events.Select(e => e.EventType));
        foreach (var provider in new ICustomAttributeProvider[] { type }.Concat(type.Fields).Concat(type.Properties).Concat(type.Methods).Concat(type.Methods.SelectMany(m => m.Parameters)))
            found.AddRange(provider.CustomAttributes.SelectMany(Attribute));
        foreach (var method in type.Methods)
        {
            found.AddRange(Signature(method));
            found.AddRange(method.GenericParameters.SelectMany(Constraints));
            if (!method.HasBody)
                continue;
            found.AddRange(method.Body.Variables.Select(v => v.VariableType));
            found.AddRange(method.Body.ExceptionHandlers.Select(h => h.CatchType));
            foreach (var instruction in method.Body.Instructions)
                found.AddRange(Operand(instruction));
        }

        return found.OfType<TypeReference>().SelectMany(Flatten);
    }

    private static IEnumerable<TypeReference?> Operand(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod generic => [.. Signature(generic), .. generic.GenericArguments],
        MethodReference method => Signature(method),
        _ => [],
    };

    private static IEnumerable<TypeReference?> Signature(MethodReference method) =>
        [method.DeclaringType, method.ReturnType, .. method.Parameters.Select(p => p.ParameterType)];

    private static IEnumerable<TypeReference?> Constraints(GenericParameter parameter) => parameter.Constraints.Select(c => c.ConstraintType);

    private static IEnumerable<TypeReference?> Attribute(CustomAttribute attribute) =>
        [attribute.AttributeType, .. attribute.ConstructorArguments.Select(Value), .. attribute.Properties.Concat(attribute.Fields).Select((CustomAttributeNamedArgument a) => Value(a.Argument))];

    private static TypeReference? Value(CustomAttributeArgument argument) => argument.Value as TypeReference ?? argument.Type;

    private static IEnumerable<TypeReference> Flatten(TypeReference type)
    {
        switch (type)
        {
            case GenericInstanceType generic:
                return generic.GenericArguments.SelectMany(Flatten).Append(generic.ElementType);
            case GenericParameter:
                return [];
            case TypeSpecification specification:
                return Flatten(specification.ElementType);
            default:
                return [type];
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ProbeAttribute(Type type) : Attribute
    {
        public Type Type => type;
    }

    private sealed class InLambda
    {
        public static int Value => 1;
    }

    private sealed class InAsync
    {
        public static int Value => 1;
    }

    private sealed class InGeneric;

    private sealed class InAttribute;

    private sealed class Probe
    {
        public static Func<int> Lambda() => () => InLambda.Value;

        public static async Task<int> Async()
        {
            await Task.Yield();
            return InAsync.Value;
        }

        public static int Generic() => Array.Empty<List<InGeneric>>().Length;

        [Probe(typeof(InAttribute))]
        public static int Attributed() => 0;
    }
}
