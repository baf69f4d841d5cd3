using System.Runtime.CompilerServices;
using Holdfast.Kernel;

namespace Holdfast.Ui.Kernel;

/// <summary>The kinds that the Journal can hold, as a filter offers them.</summary>
internal static class EventKinds
{
    public static IReadOnlyList<string> All { get; } =
    [
        .. typeof(IEventDetail).Assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false } && typeof(IEventDetail).IsAssignableFrom(type))
            .Select(type => ((IEventDetail)RuntimeHelpers.GetUninitializedObject(type)).Kind)
            .Order(StringComparer.Ordinal),
    ];
}
