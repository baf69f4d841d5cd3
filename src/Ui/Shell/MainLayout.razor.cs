using Holdfast.Access;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.Ui.Shell;

/// <summary>Navigation, search and theme around every page.</summary>
public sealed partial class MainLayout
{
    private ErrorBoundary? _boundary;
    private string _workspace = "";

    [CascadingParameter] private Principal Principal { get; set; } = null!;

    [Inject] private AccessService Access { get; set; } = null!;

    [Inject] private Renewal Renewal { get; set; } = null!;

    protected override async Task OnInitializedAsync() => _workspace = (await Access.Describe(Principal)).Workspace;

    // An error belongs to the page that made it: the next page starts clean.
    protected override void OnParametersSet() => _boundary?.Recover();
}
