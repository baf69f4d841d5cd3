using System.Reflection;
using System.Text;
using Holdfast.Client;
using Holdfast.Client.MLNet;
using Holdfast.Platform.Tests.Docs;

namespace Holdfast.Platform.Tests.Client;

/// <summary>The public surface of the .NET client is a file: a change of it is a difference that somebody reads.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void The_surface_of_the_client_is_the_one_in_the_file() => WrittenDocument.Check("src/Client/PublicApi.txt", Surface(typeof(Track).Assembly));

    [Fact]
    public void The_surface_of_the_tracking_of_ML_NET_is_the_one_in_the_file() => WrittenDocument.Check("src/ClientMLNet/PublicApi.txt", Surface(typeof(MLNetTracking).Assembly));

    private static string Surface(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(null, $"{type.FullName}\n");
            var members = type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                .Where(m => m is not MethodInfo { IsSpecialName: true } && !m.Name.Contains('<', StringComparison.Ordinal))
                .Select(Text).Order(StringComparer.Ordinal);
            foreach (var member in members)
                text.Append(null, $"    {member}\n");
        }

        return text.ToString();
    }

    private static string Text(MemberInfo member) => member switch
    {
        ConstructorInfo c => $".ctor({Parameters(c)})",
        MethodInfo m => $"{(m.IsStatic ? "static " : "")}{Name(m.ReturnType)} {m.Name}({Parameters(m)})",
        PropertyInfo p => $"{Name(p.PropertyType)} {p.Name} {{ {(p.CanRead ? "get; " : "")}{(p.SetMethod is { IsPublic: true } ? "set; " : "")}}}",
        _ => $"{member.MemberType} {member.Name}",
    };

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? " = …" : "")}"));

    private static string Name(Type type) => type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : type.Name;
}
