using Holdfast.Contracts;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Parts;

/// <summary>What happened and what to do. An unexpected error shows no inner detail: the server's log has it.</summary>
public sealed partial class ErrorState
{
    [Parameter] public Exception? Error { get; set; }

    [Inject] private NavigationManager Navigation { get; set; } = null!;

    private string Title => Error switch
    {
        HoldfastException { Code: ErrorCode.NotFound } => "Not found",
        HoldfastException { Code: ErrorCode.InvalidArgument } => "This address asks for something that cannot be shown",
        HoldfastException { Code: ErrorCode.PermissionDenied or ErrorCode.Unauthenticated } => "Not allowed",
        _ => "This page could not be shown",
    };

    private string Message => Error is HoldfastException known ? known.Message : "Something unexpected failed on the server; its log has the details.";

    private string? Hint => (Error as HoldfastException)?.Hint;

    private string Address => Navigation.Uri;
}
