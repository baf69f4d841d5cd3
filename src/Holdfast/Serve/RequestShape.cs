using System.Text.Json.Serialization.Metadata;

namespace Holdfast.Serve;

/// <summary>
/// Makes the type of a request say what must be there: a constructor parameter without a default that may not be null is
/// required, so that a forgotten field is a 400 with its name and never a null inside a room.
/// </summary>
internal static class RequestShape
{
    public static void Require(JsonTypeInfo type)
    {
        // Foreign protocols leave out what is zero or empty; they read bodies their own way.
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.Namespace is not { } space || !space.StartsWith("Holdfast.", StringComparison.Ordinal) || space.StartsWith("Holdfast.Wire", StringComparison.Ordinal))
            return;
        foreach (var property in type.Properties)
        {
            if (property.AssociatedParameter is not { HasDefaultValue: false, IsNullable: false } parameter || Nullable.GetUnderlyingType(parameter.ParameterType) is not null)
                continue;
            property.IsRequired = true;
        }
    }
}
