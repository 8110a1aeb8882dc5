module SimCLR.Tests.ViewsTests

open FsCheck.FSharp
open SimCLR
open SimCLR.Tests.Generators
open Xunit

[<Fact>]
let Composition_is_associative () =
    forAll (Gen.three view) (fun (a, b, c) -> (a >-> b) >-> c = (a >-> (b >-> c)))

[<Fact>]
let The_identity_is_neutral () =
    forAll view (fun view -> (view >-> View.Identity) = view && (View.Identity >-> view) = view)

[<Fact>]
let Nested_sequences_become_one () =
    let nested =
        View.Sequence
            [
                View.flip
                View.Sequence [ View.Identity; View.Sequence [ View.blur ]; View.sobel ]
            ]

    Assert.Equal(View.Sequence [ View.flip; View.blur; View.sobel; View.rotate ], nested >-> View.rotate)

[<Fact>]
let A_strength_is_that_of_the_paper () =
    match View.colorJitter 0.5 with
    | View.ColorJitter j ->
        Assert.Equal((0.4, 0.4, 0.4, 0.1, 0.8), (j.Brightness, j.Contrast, j.Saturation, j.Hue, j.Probability))
    | other -> Assert.Fail $"{other}"

[<Fact>]
let The_side_is_that_of_the_last_crop () =
    forAll (Gen.two view) (fun (a, b) ->
        View.outputSize 48 (a >-> View.crop 17) = 17
        && View.outputSize 48 (a >-> b) = View.outputSize (View.outputSize 48 a) b)

[<Fact>]
let Modifiers_change_every_crop_and_nothing_else () =
    let view = View.crop 32 >-> View.flip >-> View.blur
    let changed = view |> View.withArea 0.2 0.9 |> View.withSize 48

    let crop =
        View.Crop
            {
                Size = 48
                Area = 0.2, 0.9
                Ratio = 0.75, 4.0 / 3.0
                Interpolation = Interpolation.Bilinear
            }

    Assert.Equal(View.Sequence [ crop; View.flip; View.blur ], changed)

[<Fact>]
let The_paper_blurs_ImageNet_but_not_CIFAR () =
    let blurs view =
        match view with
        | View.Sequence steps -> List.contains View.blur steps
        | _ -> false

    Assert.True(blurs Views.paperImageNet)
    Assert.False(blurs Views.paperCifar10)

[<Fact>]
let Version_1_of_the_reference_code_adds_brightness_and_version_2_multiplies () =
    let v1 =
        { Run.cifar10 with
            ViewA = Views.simclrV1
        }

    let v2 =
        { Run.cifar10 with
            ViewA = Views.simclrV2
        }

    Assert.Equal<(string * string * string) list>(
        [ "ViewA[2].BrightnessMode", "BrightnessMode.Add", "BrightnessMode.Multiply" ],
        Run.diff v1 v2
    )

[<Fact>]
let Steps_of_a_view_are_changed_or_left_out_by_a_function () =
    let harder =
        Views.paperImageNet
        |> View.map (function
            | View.Grayscale _ -> View.grayscale 0.4
            | View.Flip _ -> View.Identity
            | other -> other)

    Assert.Equal(View.crop 224 >-> View.colorJitter 1.0 >-> View.grayscale 0.4 >-> View.blur, harder)
    Assert.Equal(View.Identity, View.map (fun _ -> View.Identity) harder)

[<Fact>]
let The_blur_has_setters_of_its_own () =
    match
        View.crop 32 >-> View.blur
        |> View.withBlurProbability 1.0
        |> View.withBlurSigma 0.5 1.0
    with
    | View.Sequence [ _; View.Blur blur ] ->
        Assert.Equal(1.0, blur.Probability)
        Assert.Equal((0.5, 1.0), blur.Sigma)
    | other -> Assert.Fail $"{other}"

[<Fact>]
let Two_views_that_are_always_the_same_picture_are_refused () =
    let refused view =
        Run.problems
            { Run.shapes with
                ViewA = view
                ViewB = view
            }
        |> List.exists _.Contains("one and the same picture")

    Assert.True(refused View.Identity)
    Assert.True(refused (View.Flip 1.0))
    Assert.False(refused View.flip)
    Assert.False(refused Views.paperCifar10)

    Assert.Empty(
        Run.problems
            { Run.shapes with
                ViewB = View.Identity
            }
    )

let private normalizedBy ending run =
    { run with
        ViewA = run.ViewA >-> ending
        ViewB = run.ViewB >-> ending
    }

[<Fact>]
let A_normalization_has_a_mean_and_a_deviation_for_every_channel () =
    let problems means deviations =
        Run.shapes |> normalizedBy (View.normalize means deviations) |> Run.problems

    Assert.Empty(problems [ 0.5; 0.5; 0.5 ] [ 0.2; 0.2; 0.2 ])

    Assert.Contains(
        "ViewA[4].normalize has 1 means, but the images have 3 channels; give one mean and one deviation for each.",
        problems [ 0.5 ] [ 0.2 ]
    )

    Assert.Contains(
        "ViewB[4].normalize has 3 means and 2 deviations; give one of each for every channel.",
        problems [ 0.5; 0.5; 0.5 ] [ 0.2; 0.2 ]
    )

    let gray run =
        { run with
            Run.Images = Images.fashionMnist
        }

    let problems =
        Run.shapes
        |> gray
        |> normalizedBy (View.normalize [ 0.3 ] [ 0.3 ])
        |> Run.problems

    Assert.DoesNotContain("normalize", String.concat "" problems)

[<Fact>]
let A_normalization_comes_last_and_on_both_views () =
    let middle = View.normalizeAsImageNet >-> View.flip

    Assert.Contains(
        "ViewA has a normalization before its last step, but all other steps take images in [0, 1]; put one normalization last.",
        Run.shapes |> normalizedBy middle |> Run.problems
    )

    let one =
        { Run.shapes with
            ViewA = Run.shapes.ViewA >-> View.normalizeAsImageNet
        }

    Assert.Contains("ViewA and ViewB are normalized differently", String.concat "" (Run.problems one))

[<Fact>]
let A_view_without_its_normalization_is_the_view_before () =
    forAll view (fun view ->
        View.withoutNormalization (view >-> View.normalizeAsImageNet) = View.withoutNormalization view)

[<Fact>]
let A_normalization_is_another_untrained_encoder_and_none_is_as_before () =
    let hash run = Untrained.hash (Run.untrained run)
    Assert.NotEqual<string>(hash Run.shapes, hash (Run.shapes |> normalizedBy View.normalizeAsImageNet))
    Assert.DoesNotContain("Normalization", Json.write (Run.untrained Run.shapes))
