using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Parts;

/// <summary>What happened and what to do. An unexpected error shows no inner detail: the server's log has it.</summary>
public sealed partial class ErrorState
{
    [Parameter] public Exception? Error { get; set; }

    [Inject] private NavigationManager Navigation { get; set; } = null!;

    private string Title => "This page could not be shown";

    private string Message => "Something unexpected failed on the server; its log has the details.";

    private string? Hint => null;

    private string Address => Navigation.Uri;
}
